"""What a customer reaches a deployment by: its Service, EndpointSlices and client Secret."""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from modelbond.api.kinds import ENDPOINT_SLICE, SECRET, SERVICE, Json, Kind
from modelbond.api.reasons import Reason
from modelbond.controllers.signing import Authority
from modelbond.errors import AlreadyExists, NameTaken, TerminalError
from modelbond.ports.cluster import KubeApi
from modelbond.ports.process import Clock
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
from modelbond.reconcile.home_obstacle import Obstacle, of_route

CHECK_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """What stands in the way: of all customers, of routes by host, of taking old routes away."""

    entrance: Obstacle | None = None
    routes: Mapping[str, Obstacle] = field(default_factory=dict)
    leftovers: Sequence[Obstacle] = ()
    client_secret: bool = True

    @property
    def obstacles(self) -> list[Obstacle]:
        """Return all of them."""
        entrance = [self.entrance] if self.entrance else []
        return [*entrance, *self.routes.values(), *self.leftovers]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """The slices to be, by name, with the hosts they lead to; `frozen` ones stay as they are."""

    slices: Mapping[str, Json]
    hosts: Mapping[str, str]
    frozen: Collection[str]

    def fingerprint(self) -> str:
        facts = [self.slices, sorted(self.frozen)]
        return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Right:
    """What was found or made right, and when the customer's Secret and Service were last read."""

    uid: str
    routes: str
    since: float


class Exposure:
    """Makes and mends these objects. What was right is looked at again after a minute."""

    def __init__(
        self,
        *,
        api: KubeApi,
        authority: Authority,
        on_new_token: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._api = api
        self._authority = authority
        self._on_new_token = on_new_token
        self._clock = clock
        self._right: dict[str, _Right] = {}

    def forget(self, key: str) -> None:
        """Drop what is remembered of a deployment."""
        self._right.pop(key, None)

    async def ensure(self, deployment: Deployment, placements: Sequence[Placement]) -> Exposed:
        """Make the objects be as the placements say. What cannot be is told and stops no other."""
        wanted, right = _wanted(deployment, placements), self._still_right(deployment)
        fingerprint = wanted.fingerprint()
        if right is not None and right.routes == fingerprint:
            return Exposed()
        self.forget(deployment.key)
        if right is not None:
            exposed = await self._routes(deployment, wanted, service=None)
        else:
            exposed = await self._all(deployment, placements, wanted)
        if not exposed.obstacles:
            since = self._clock.monotonic() if right is None else right.since
            self._right[deployment.key] = _Right(
                uid=deployment.uid, routes=fingerprint, since=since
            )
        return exposed

    def _still_right(self, deployment: Deployment) -> _Right | None:
        right = self._right.get(deployment.key)
        if right is None or right.uid != deployment.uid:
            return None
        return right if self._clock.monotonic() - right.since < CHECK_SECONDS else None

    async def _all(
        self, deployment: Deployment, placements: Sequence[Placement], wanted: _Wanted
    ) -> Exposed:
        orders = [each.order.key for each in placements]
        secret = await _tried(deployment, self._client_secret(deployment, orders=orders))
        service = await _tried(
            deployment, self._ensure(deployment, SERVICE, service_body(deployment))
        )
        exposed = await self._routes(deployment, wanted, service=service)
        return Exposed(
            entrance=secret or service or exposed.entrance,
            routes=exposed.routes,
            leftovers=exposed.leftovers,
            client_secret=secret is None,
        )

    async def _client_secret(self, deployment: Deployment, *, orders: Sequence[str]) -> None:
        """Make the client Secret. A token that exists is kept: customers hold it."""
        name, ca_pem = client_secret_name(deployment.name), await self._authority.ca_pem()
        held = await self._api.get(SECRET, name, namespace=deployment.namespace)
        token = secret_text(held, "token") if held and is_owned(held, uid=deployment.uid) else None
        body = client_secret_body(
            deployment, ca_pem=ca_pem, token=token or self._authority.new_token()
        )
        await self._settle(deployment, SECRET, body, held=held)
        for key in orders if token is None else ():
            self._on_new_token(key)

    async def _routes(
        self, deployment: Deployment, wanted: _Wanted, *, service: Obstacle | None
    ) -> Exposed:
        """Make the slices be as wanted, as far as they belong behind the Service as it is."""
        if service is not None and service.reason is Reason.NAME_TAKEN:
            # A slice names its Service: behind a foreign one it would carry foreign traffic.
            wanted = _Wanted(slices={}, hosts={}, frozen=())
        try:
            found = await self._slices(deployment, wanted, add=service is None)
        except TerminalError as failure:
            return Exposed(entrance=of_route(failure, namespace=deployment.namespace))
        hosts = wanted.hosts
        return Exposed(
            routes={hosts[name]: each for name, each in found.items() if name in hosts},
            leftovers=[each for name, each in found.items() if name not in hosts],
        )

    async def _slices(
        self, deployment: Deployment, wanted: _Wanted, *, add: bool
    ) -> dict[str, Obstacle]:
        """Return by name the slices that could not be made, changed or taken away."""
        listed = await self._api.list(
            ENDPOINT_SLICE, namespace=deployment.namespace, labels=owned_labels(deployment.uid)
        )
        held = {item["metadata"]["name"]: item for item in listed.items}
        found: dict[str, Obstacle | None] = {}
        for name, item in [*held.items()]:
            other = wanted.slices.get(name, {}).get("addressType") != item.get("addressType")
            if name not in wanted.frozen and (name not in wanted.slices or other):
                found[name] = await _tried(deployment, self._delete(held.pop(name)))
        for name, body in wanted.slices.items():
            if name in held:
                settled = self._settle(deployment, ENDPOINT_SLICE, body, held=held[name])
                found[name] = await _tried(deployment, settled)
            elif add:
                found[name] = await _tried(
                    deployment, self._ensure(deployment, ENDPOINT_SLICE, body)
                )
        return {name: obstacle for name, obstacle in found.items() if obstacle is not None}

    async def _delete(self, item: Json) -> None:
        meta = item["metadata"]
        await self._api.delete(
            ENDPOINT_SLICE, meta["name"], namespace=meta["namespace"], uid=meta["uid"]
        )

    async def _ensure(self, deployment: Deployment, kind: Kind, body: Json) -> None:
        meta = body["metadata"]
        held = await self._api.get(kind, meta["name"], namespace=meta["namespace"])
        await self._settle(deployment, kind, body, held=held)

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


async def _tried(deployment: Deployment, work: Awaitable[None]) -> Obstacle | None:
    try:
        await work
    except TerminalError as failure:
        return of_route(failure, namespace=deployment.namespace)
    return None


def _wanted(deployment: Deployment, placements: Sequence[Placement]) -> _Wanted:
    routed = {
        slice_name(deployment.name, host=each.order.host): each
        for each in placements
        if each.health is not Health.WITHDRAWING or each.frozen
    }
    living = {name: each for name, each in routed.items() if each.endpoints and not each.frozen}
    return _Wanted(
        slices={name: _slice(deployment, each) for name, each in living.items()},
        hosts={name: each.order.host for name, each in living.items()},
        frozen=sorted(name for name, each in routed.items() if each.frozen),
    )


def _slice(deployment: Deployment, placement: Placement) -> Json:
    return slice_body(
        deployment,
        host=placement.order.host,
        endpoints=placement.endpoints,
        serving=placement.serving,
    )
