"""What a host knows of a home before the first contact: the join Secret and the tokens' claims."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass

from modelbond.api.kinds import Json
from modelbond.errors import Refused

ACCOUNT = "host"
TOKEN_SECONDS = 7 * 24 * 3600
_KEYS = ("ca", "server", "token")
_SUBJECT = re.compile(r"system:serviceaccount:(modelbond-host-[a-z0-9-]{1,48}):host")
_NAMESPACE_PREFIX = "modelbond-host-"
_LONGEST_VALUE = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """The content of a join Secret: where the home is, its CA in PEM, and a token for a day."""

    server: str
    ca_pem: str
    token: str

    @property
    def mark(self) -> str:
        """Return what tells this invitation from a later one without telling its token."""
        return hashlib.sha256(self.token.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says of itself. It only names things: the home checks it, we need not."""

    namespace: str
    lifetime_seconds: float | None
    expires_at: float | None

    @property
    def host_name(self) -> str:
        """Return this host's name at the home."""
        return self.namespace.removeprefix(_NAMESPACE_PREFIX)


def invitation_of(secret: Json, *, server: str) -> Invitation:
    """Read a join Secret; Refused says what is wrong. It holds three keys and nothing else."""
    data = secret.get("data") or {}
    if sorted(data) != sorted(_KEYS):
        raise Refused(f"the join Secret must hold exactly {', '.join(_KEYS)}: invite again")
    values = {key: _decoded(key, data[key]) for key in _KEYS}
    if values["server"] != server:
        raise Refused("the join Secret's server is not the HomeCluster's: invite again")
    return Invitation(server=server, ca_pem=values["ca"], token=values["token"])


def claims_of(token: str) -> Claims:
    """Read a ServiceAccount token's claims; Refused when it is not a host's."""
    parts = token.split(".")
    claims = _json(parts[1]) if len(parts) == 3 else {}
    found = _SUBJECT.fullmatch(str(claims.get("sub", "")))
    if found is None:
        raise Refused("the token is not that of a host's account: invite again")
    begins, ends = (_seconds(claims.get(name)) for name in ("iat", "exp"))
    lifetime = ends - begins if begins is not None and ends is not None else None
    return Claims(namespace=found[1], lifetime_seconds=lifetime, expires_at=ends)


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _decoded(key: str, value: object) -> str:
    try:
        text = base64.b64decode(str(value), validate=True).decode().strip()
    except (binascii.Error, UnicodeDecodeError) as failure:
        raise Refused(f"the join Secret's {key} is not text: invite again") from failure
    if not text or len(text) > _LONGEST_VALUE:
        raise Refused(f"the join Secret's {key} is empty or too long: invite again")
    return text


def _json(part: str) -> Json:
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        claims = json.loads(decoded)
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
