"""The edge's identity: a key made here, a request for the home, and what the home sent back."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from modelbond.api.kinds import SECRET, Json
from modelbond.controllers.children import ensured
from modelbond.errors import Refused
from modelbond.ports import KubeApi
from modelbond.serving.edge import edge_secret_object, tokens_conf
from modelbond.serving.workload import Workload

_KEY, _REQUEST, _CERTIFICATE, _TOKENS = "tls.key", "tls.csr", "tls.crt", "tokens.conf"


class HostKeys(Protocol):
    """Makes keys and requests, and compares certificates with keys. All in PEM."""

    def new_key(self) -> str:
        """Return a new private key."""

    def signing_request(self, key_pem: str, *, names: Sequence[str]) -> str:
        """Return a signing request for that key and those names."""

    def fits(self, certificate_pem: str, *, key_pem: str) -> bool:
        """Tell whether the certificate belongs to that key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the edge can show: its request, and whether a certificate for its key is there."""

    signing_request: str
    certified: bool


class EdgeIdentity:
    """Keeps the host's edge Secret: the key never leaves it."""

    def __init__(self, *, api: KubeApi, keys: HostKeys) -> None:
        self._api = api
        self._keys = keys

    async def kept(
        self, workload: Workload, *, names: Sequence[str], secret: Json | None, sent: Json | None
    ) -> Identity:
        """Make the key once, and take what the home sent where it fits that key."""
        if secret is None:
            body = edge_secret_object(workload, data=self._made(names))
            secret = await ensured(self._api, SECRET, body, known=None)
        values = _texts(secret)
        taken = self._taken(sent, key_pem=values.get(_KEY, ""))
        if taken and any(values.get(name) != text for name, text in taken.items()):
            patch = {
                "metadata": {"uid": secret["metadata"]["uid"]},
                "data": {name: _encoded(text) for name, text in taken.items()},
            }
            meta = secret["metadata"]
            await self._api.merge(SECRET, meta["name"], patch, namespace=meta["namespace"])
            values = {**values, **taken}
        return Identity(
            signing_request=values.get(_REQUEST, ""),
            certified=bool(values.get(_CERTIFICATE) and values.get(_TOKENS)),
        )

    def _made(self, names: Sequence[str]) -> dict[str, str]:
        key = self._keys.new_key()
        request = self._keys.signing_request(key, names=names)
        return {_KEY: _encoded(key), _REQUEST: _encoded(request)}

    def _taken(self, sent: Json | None, *, key_pem: str) -> dict[str, str]:
        """Return what of the home's Secret may be used. nginx must never meet a foreign pair."""
        values = _texts(sent) if sent else {}
        certificate, token = values.get(_CERTIFICATE, ""), values.get("token", "")
        if not certificate or not self._keys.fits(certificate, key_pem=key_pem):
            return {}
        try:
            return {_CERTIFICATE: certificate, _TOKENS: tokens_conf([token.strip()])}
        except Refused:
            return {}


def _texts(secret: Json) -> dict[str, str]:
    found = {}
    for name, value in (secret.get("data") or {}).items():
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
