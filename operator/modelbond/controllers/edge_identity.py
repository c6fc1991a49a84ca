"""The edge's identity: a key made here, a request for the home, and what the home sent back."""

import base64
import binascii
from collections.abc import Sequence
from typing import Protocol

from modelbond.api.kinds import SECRET, Json
from modelbond.controllers.children import ensured
from modelbond.errors import Refused
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.host_seen import Identity
from modelbond.serving.edge import (
    TOKENS,
    Access,
    Agreed,
    access_files,
    client_token,
    edge_secret_object,
)
from modelbond.serving.workload import Workload

_KEY, _REQUEST, _CERTIFICATE = "tls.key", "tls.csr", "tls.crt"


class HostKeys(Protocol):
    """Makes keys and requests, and compares certificates with keys. All in PEM."""

    def new_key(self) -> str:
        """Return a new private key."""

    def signing_request(self, key_pem: str, *, names: Sequence[str]) -> str:
        """Return a signing request for that key and those names."""

    def fits(self, certificate_pem: str, *, key_pem: str) -> bool:
        """Tell whether the certificate belongs to that key."""

    def public_key_hash(self, key_pem: str) -> bytes:
        """Return SHA-256 of the key's SubjectPublicKeyInfo in DER: what watchers know it by."""


class EdgeIdentity:
    """Keeps the host's edge Secret: the key never leaves it."""

    def __init__(self, *, api: KubeApi, keys: HostKeys) -> None:
        self._api = api
        self._keys = keys

    async def kept(
        self,
        workload: Workload,
        *,
        names: Sequence[str],
        secret: Json | None,
        sent: Json | None,
        agreed: Agreed | None,
    ) -> Identity:
        """Make the key once, and take what the home sent where it fits that key."""
        if secret is None:
            body = edge_secret_object(workload, data=self._made(names))
            secret = await ensured(self._api, SECRET, body, known=None)
        values = texts_of(secret)
        taken, honoured = self._taken(sent, kept=values, agreed=agreed)
        if any(values.get(name) != text for name, text in taken.items()):
            patch = {
                "metadata": {"uid": secret["metadata"]["uid"]},
                "data": {name: encoded(text) for name, text in taken.items()},
            }
            meta = secret["metadata"]
            await self._api.merge(SECRET, meta["name"], patch, namespace=meta["namespace"])
            values = {**values, **taken}
        return Identity(
            signing_request=values.get(_REQUEST, ""),
            certificate=values.get(_CERTIFICATE, ""),
            certified=bool(values.get(_CERTIFICATE) and values.get(TOKENS)),
            key_hash=self._keys.public_key_hash(values[_KEY]) if values.get(_KEY) else b"",
            agreed=honoured,
        )

    def _made(self, names: Sequence[str]) -> dict[str, str]:
        key = self._keys.new_key()
        request = self._keys.signing_request(key, names=names)
        return {_KEY: encoded(key), _REQUEST: encoded(request)}

    def _taken(
        self, sent: Json | None, *, kept: dict[str, str], agreed: Agreed | None
    ) -> tuple[dict[str, str], Agreed | None]:
        """Return what may be used of what the home sent or had sent, and what of it is agreed.

        nginx must never meet a foreign pair, and a home that is gone takes no token back.
        """
        values = texts_of(sent) if sent else {}
        certificate, known = values.get(_CERTIFICATE, ""), client_token(kept.get(TOKENS, ""))
        fresh, tokens = {}, [known]
        if certificate and self._keys.fits(certificate, key_pem=kept.get(_KEY, "")):
            fresh, tokens = {_CERTIFICATE: certificate}, [values.get("token", "").strip(), known]
        for token in filter(None, tokens):
            try:
                return fresh | access_files(Access(token=token, agreed=agreed)), agreed
            except Refused:
                continue
        return {}, None


def texts_of(secret: Json) -> dict[str, str]:
    """Return the values of a Secret that are text."""
    found = {}
    for name, value in (secret.get("data") or {}).items():
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found


def encoded(text: str) -> str:
    """Return a text as Secrets hold it."""
    return base64.b64encode(text.encode()).decode()
