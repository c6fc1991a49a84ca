"""What a customer reaches a deployment by: its Service, EndpointSlices and client Secret."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from modelbond.api.kinds import ENDPOINT_SLICE, SECRET, SERVICE, Json, Kind
from modelbond.controllers.signing import Authority
from modelbond.errors import AlreadyExists, NameTaken
from modelbond.ports import Clock, KubeApi
from modelbond.reconcile.home_certificate import secret_text
from modelbond.reconcile.home_deployment import Deployment
from modelbond.reconcile.home_endpoints import client_secret_body, service_body, slice_body
from modelbond.reconcile.home_health import Health, Placement
from modelbond.reconcile.home_match import holds, identified
from modelbond.reconcile.home_names import (
    SPEC_MANAGER,
    client_secret_name,
    is_owned,
    owned_labels,
    slice_name,
)

CHECK_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """`taken` names a foreign object in the way, else is empty."""

    taken: str
    new_token: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Right:
    """What was found or made right, and when the customer's Secret and Service were last read."""

    uid: str
    routes: str
    since: float


class Exposure:
    """Makes and mends these objects. What was right is looked at again after a minute."""

    def __init__(self, *, api: KubeApi, authority: Authority, clock: Clock) -> None:
        self._api = api
        self._authority = authority
        self._clock = clock
        self._right: dict[str, _Right] = {}

    def forget(self, key: str) -> None:
        """Drop what is remembered of a deployment."""
        self._right.pop(key, None)

    async def ensure(self, deployment: Deployment, placements: Sequence[Placement]) -> Exposed:
        """Make the objects be as the placements say. Foreign ones are left alone and named."""
        slices = _slices(deployment, placements)
        frozen = {
            slice_name(deployment.name, host=each.order.host) for each in placements if each.frozen
        }
        routes, right = _fingerprint(slices, frozen=frozen), self._still_right(deployment)
        if right is not None and right.routes == routes:
            return Exposed(taken="", new_token=False)
        self.forget(deployment.key)
        new_token = False
        try:
            if right is None:
                new_token = await self._entrance(deployment)
            await self._slices(deployment, slices, frozen=frozen)
        except NameTaken as taken:
            return Exposed(taken=str(taken), new_token=new_token)
        since = self._clock.monotonic() if right is None else right.since
        self._right[deployment.key] = _Right(uid=deployment.uid, routes=routes, since=since)
        return Exposed(taken="", new_token=new_token)

    def _still_right(self, deployment: Deployment) -> _Right | None:
        right = self._right.get(deployment.key)
        if right is None or right.uid != deployment.uid:
            return None
        return right if self._clock.monotonic() - right.since < CHECK_SECONDS else None

    async def _entrance(self, deployment: Deployment) -> bool:
        """Make the client Secret and the Service; return whether a token was made."""
        try:
            new_token = await self._client_secret(deployment)
            await self._ensure(deployment, SERVICE, service_body(deployment))
        except NameTaken:
            # A slice names its Service: behind a foreign one it would carry foreign traffic.
            await self._slices(deployment, {}, frozen=set())
            raise
        return new_token

    async def _client_secret(self, deployment: Deployment) -> bool:
        """Return whether a token was made. One that exists is kept: customers hold it."""
        name, ca_pem = client_secret_name(deployment.name), await self._authority.ca_pem()
        held = await self._api.get(SECRET, name, namespace=deployment.namespace)
        token = secret_text(held, "token") if held and is_owned(held, uid=deployment.uid) else None
        new_token = token is None
        body = client_secret_body(
            deployment, ca_pem=ca_pem, token=token or self._authority.new_token()
        )
        await self._settle(deployment, SECRET, body, held=held)
        return new_token

    async def _ensure(self, deployment: Deployment, kind: Kind, body: Json) -> None:
        meta = body["metadata"]
        held = await self._api.get(kind, meta["name"], namespace=meta["namespace"])
        await self._settle(deployment, kind, body, held=held)

    async def _slices(
        self, deployment: Deployment, wanted: dict[str, Json], *, frozen: set[str]
    ) -> None:
        """Make the slices be as wanted; a foreign one holds up no other."""
        listed = await self._api.list(
            ENDPOINT_SLICE, namespace=deployment.namespace, labels=owned_labels(deployment.uid)
        )
        held = {item["metadata"]["name"]: item for item in listed.items}
        for name, item in [*held.items()]:
            other = wanted.get(name, {}).get("addressType") != item.get("addressType")
            if name not in frozen and (name not in wanted or other):
                await self._delete(held.pop(name))
        taken: NameTaken | None = None
        for name, body in wanted.items():
            try:
                if name in held:
                    await self._settle(deployment, ENDPOINT_SLICE, body, held=held[name])
                else:
                    await self._ensure(deployment, ENDPOINT_SLICE, body)
            except NameTaken as found:
                taken = found
        if taken is not None:
            raise taken

    async def _delete(self, item: Json) -> None:
        meta = item["metadata"]
        await self._api.delete(
            ENDPOINT_SLICE, meta["name"], namespace=meta["namespace"], uid=meta["uid"]
        )

    async def _settle(
        self, deployment: Deployment, kind: Kind, body: Json, *, held: Json | None
    ) -> None:
        meta = body["metadata"]
        if held is None:
            try:
                await self._api.create(kind, body)
            except AlreadyExists:
                raise NameTaken(
                    kind=kind.kind, namespace=meta["namespace"], name=meta["name"]
                ) from None
        elif not is_owned(held, uid=deployment.uid):
            raise NameTaken(kind=kind.kind, namespace=meta["namespace"], name=meta["name"])
        elif not holds(held, body):
            await self._api.apply(kind, identified(body, held), manager=SPEC_MANAGER)


def _slices(deployment: Deployment, placements: Sequence[Placement]) -> dict[str, Json]:
    bodies = [
        slice_body(deployment, host=each.order.host, endpoints=each.endpoints, serving=each.serving)
        for each in placements
        if each.endpoints and not each.frozen and each.health is not Health.WITHDRAWING
    ]
    return {str(body["metadata"]["name"]): body for body in bodies}


def _fingerprint(slices: dict[str, Json], *, frozen: set[str]) -> str:
    facts = [slices, sorted(frozen)]
    return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()
