"""With which token a host speaks to a home: its own renewed one, or a newer invitation's."""

import base64
from dataclasses import dataclass
from datetime import datetime

from modelbond.api.kinds import SECRET, Json
from modelbond.errors import AlreadyExists, NameTaken, Refused
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.host_join import TOKEN_SECONDS, Claims, claims_of, invitation_of
from modelbond.reconcile.host_terms import Terms
from modelbond.serving.names import OURS

_SHORTEST_RENEWAL_SECONDS = 60.0
_KEYS = ("token", "joined", "ca")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A token, the CA of the home, and the mark of the invitation that both come from."""

    ca_pem: str
    token: str
    joined: str
    claims: Claims

    @property
    def renewal_seconds(self) -> float:
        """Return how long after it was given the token is renewed: a third of what was granted."""
        return max((self.claims.lifetime_seconds or TOKEN_SECONDS) / 3, _SHORTEST_RENEWAL_SECONDS)

    def has_ended(self, now: datetime) -> bool:
        """Tell whether the token's own end has passed; one that names no end has none left."""
        ends = self.claims.expires_at
        return ends is None or ends <= now.timestamp()


class Credentials:
    """The two Secrets of one home in the operator's namespace: `join-*` and our own `link-*`."""

    def __init__(self, *, api: KubeApi, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    async def candidates(self, terms: Terms) -> list[Credential]:
        """Return tokens to try, the likeliest first; Refused when the invitation is not valid."""
        own = await self._own(terms)
        join = await self._api.get(SECRET, terms.join_secret, namespace=self._namespace)
        if join is None and own is not None:
            return [own]
        if join is None:
            name = f"{self._namespace}/{terms.join_secret}"
            raise Refused(f"the join Secret {name} does not exist: run modelbond join")
        invitation = invitation_of(join, server=terms.server)
        first = Credential(
            ca_pem=invitation.ca_pem,
            token=invitation.token,
            joined=invitation.mark,
            claims=claims_of(invitation.token),
        )
        if own is None:
            return [first]
        return [own, first] if own.joined == first.joined else [first, own]

    async def is_replaced(self, credential: Credential, *, terms: Terms) -> bool:
        """Tell whether a good invitation lies there that the credential does not come from."""
        join = await self._api.get(SECRET, terms.join_secret, namespace=self._namespace)
        try:
            invitation = invitation_of(join or {}, server=terms.server)
        except Refused:
            return False
        return invitation.mark != credential.joined

    async def invitation_version(self, terms: Terms) -> str:
        """Return what changes whenever somebody lays another invitation."""
        join = await self._api.get(SECRET, terms.join_secret, namespace=self._namespace)
        version = join["metadata"].get("resourceVersion") if join else None
        return f"{terms.join_secret}/{version}"

    async def reserve(self, terms: Terms) -> Json:
        """Return our own Secret, made empty where it was absent; NameTaken where it is foreign."""
        name = _link_secret(terms)
        found = await self._api.get(SECRET, name, namespace=self._namespace)
        if found is None:
            return await self._created(name, terms=terms)
        if not _is_ours(found, terms):
            raise NameTaken(kind="Secret", namespace=self._namespace, name=name)
        return found

    async def keep(self, credential: Credential, *, terms: Terms) -> None:
        """Store a renewed token for the next life of this process."""
        values = (credential.token, credential.joined, credential.ca_pem)
        data = {key: _encoded(value) for key, value in zip(_KEYS, values, strict=True)}
        meta = (await self.reserve(terms))["metadata"]
        patch: Json = {"metadata": {"uid": meta["uid"]}, "data": data}
        await self._api.merge(SECRET, meta["name"], patch, namespace=self._namespace)

    async def _own(self, terms: Terms) -> Credential | None:
        found = await self._api.get(SECRET, _link_secret(terms), namespace=self._namespace)
        if found is None or not _is_ours(found, terms):
            return None
        data = found.get("data") or {}
        try:
            token, joined, ca_pem = (base64.b64decode(data[key]).decode() for key in _KEYS)
            claims = claims_of(token)
        except (KeyError, ValueError, Refused):
            return None
        return Credential(ca_pem=ca_pem, token=token, joined=joined, claims=claims)

    async def _created(self, name: str, *, terms: Terms) -> Json:
        body: Json = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": name,
                "namespace": self._namespace,
                "labels": dict(OURS),
                "ownerReferences": [_owner(terms)],
            },
            "type": "Opaque",
        }
        try:
            return await self._api.create(SECRET, body)
        except AlreadyExists as race:
            raise NameTaken(kind="Secret", namespace=self._namespace, name=name) from race


def _link_secret(terms: Terms) -> str:
    return f"link-{terms.home}"


def _owner(terms: Terms) -> Json:
    return {
        "apiVersion": "modelbond.io/v1alpha1",
        "kind": "HomeCluster",
        "name": terms.home,
        "uid": terms.uid,
    }


def _is_ours(secret: Json, terms: Terms) -> bool:
    owners = secret["metadata"].get("ownerReferences", [])
    return any(owner.get("uid") == terms.uid for owner in owners)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
