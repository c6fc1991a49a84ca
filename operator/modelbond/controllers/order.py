"""Orders: certificates while they live, tombstones until their hosts release them."""

import logging
from collections.abc import Mapping

from modelbond.api.kinds import HOST_CLUSTER, MODEL_DEPLOYMENT, MODEL_PLACEMENT, SECRET, Json
from modelbond.api.reasons import Reason
from modelbond.controllers.freshest import Freshest
from modelbond.controllers.host_book import HostBook
from modelbond.controllers.signing import Authority
from modelbond.controllers.stopwatch import Stopwatch
from modelbond.errors import NameTaken, Refused
from modelbond.ports.cluster import Events, KubeApi, Queue
from modelbond.ports.process import Again, Clock, Done, Outcome
from modelbond.reconcile.home_certificate import secret_text
from modelbond.reconcile.home_endpoints import edge_secret_body
from modelbond.reconcile.home_match import holds, identified
from modelbond.reconcile.home_names import (
    FINALIZER,
    SPEC_MANAGER,
    client_secret_name,
    edge_secret_name,
    is_owned,
    server_names,
)
from modelbond.reconcile.home_order import Order, OrderHandle, handle_of, order_of

_log = logging.getLogger(__name__)

CHECK_SECONDS = 60.0
RESYNC_SECONDS = 600.0
WAIT_SECONDS = 2.0


class OrderController:
    """Keyed by `modelbond-host-HOST/ORDER`."""

    def __init__(  # noqa: PLR0913 - each is a port of its own
        self,
        *,
        api: KubeApi,
        orders: Mapping[str, Json],
        deployments: Mapping[str, Json],
        hosts: Mapping[str, Json],
        book: HostBook,
        authority: Authority,
        queue: Queue,
        events: Events,
        clock: Clock,
        withdraw_deadline_seconds: float,
    ) -> None:
        self._api = api
        self._orders = orders
        self._deployments = deployments
        self._hosts = hosts
        self._book = book
        self._authority = authority
        self._queue = queue
        self._events = events
        self._clock = clock
        self._withdraw_deadline_seconds = withdraw_deadline_seconds
        self._hostless = Stopwatch(clock)
        self._fresh = Freshest()
        self._signed: dict[str, tuple[str | None, float]] = {}

    def new_token(self, key: str) -> None:
        """Sign the order anew: its deployment has another token."""
        self._signed.pop(key, None)
        self._queue.add(key)

    async def reconcile(self, key: str) -> Outcome:
        """Sign for a living order; take away one that is released or has lost its host."""
        obj = self._fresh.of(key, self._orders.get(key))
        handle = handle_of(obj) if obj is not None else None
        if obj is None or handle is None:
            self._forget(key)
            return Done()
        if self._is_released(handle):
            await self._remove(handle, obj)
            return Done()
        hostless = await self._host_is_gone(handle)
        waited = self._hostless.seconds(key, running=hostless)
        if hostless:
            return await self._end(handle, obj, waited_seconds=waited)
        order = order_of(obj)
        if order is None or order.withdrawn:
            return Done()
        if await self._deployment_is_gone(order):
            await self._withdraw(order)
            return Done()
        return await self._sign(order)

    def _forget(self, key: str) -> None:
        self._fresh.forget(key)
        self._signed.pop(key, None)
        self._hostless.seconds(key, running=False)

    def _is_released(self, order: OrderHandle) -> bool:
        """Believe that the copy is gone, unless a stranger says so in its host's name."""
        host = self._book.host(order.host)
        return order.released and not (host is not None and host.identity_changed)

    async def _end(self, order: OrderHandle, obj: Json, *, waited_seconds: float) -> Outcome:
        """Give a host that lives on without its HostCluster time to drop its copy, then let go."""
        left = self._withdraw_deadline_seconds - waited_seconds
        if not order.withdrawn:
            await self._withdraw(order)
        if left > 0:
            return Again(seconds=left)
        await self._remove(order, obj)
        return Done()

    async def _host_is_gone(self, order: OrderHandle) -> bool:
        """Ask the API server itself before believing that: a cache may lag."""
        if order.host in self._hosts:
            return False
        return await self._api.get(HOST_CLUSTER, order.host) is None

    async def _deployment_is_gone(self, order: Order) -> bool:
        about = order.spec.deployment
        held = self._deployments.get(f"{about.namespace}/{about.name}")
        if held is not None and held["metadata"]["uid"] == order.deployment_uid:
            return False
        held = await self._api.get(MODEL_DEPLOYMENT, about.name, namespace=about.namespace)
        return held is None or held["metadata"]["uid"] != order.deployment_uid

    async def _remove(self, order: OrderHandle, obj: Json) -> None:
        finalizers = [each for each in obj["metadata"].get("finalizers") or () if each != FINALIZER]
        version = {"uid": order.uid, "resourceVersion": order.resource_version}
        patch = {"metadata": {**version, "finalizers": finalizers}}
        if order.held:
            await self._api.merge(MODEL_PLACEMENT, order.name, patch, namespace=order.namespace)
        if not order.deleting:
            await self._api.delete(
                MODEL_PLACEMENT, order.name, namespace=order.namespace, uid=order.uid
            )
        _log.info("order ended", extra={"order": order.key, "released": order.released})

    async def _withdraw(self, order: OrderHandle) -> None:
        patch = {"metadata": {"uid": order.uid}, "spec": {"state": "Withdrawn"}}
        wrote = await self._api.merge(MODEL_PLACEMENT, order.name, patch, namespace=order.namespace)
        if wrote is not None:
            self._fresh.wrote(order.key, wrote)

    async def _sign(self, order: Order) -> Outcome:
        request, host = order.answer.signing_request, self._book.host(order.host)
        if request is None or host is None or host.identity_changed:
            return Done()
        known, until = self._signed.get(order.key, (None, 0.0))
        if known == request and self._clock.monotonic() < until:
            return Again(seconds=until - self._clock.monotonic())
        token = await self._token(order)
        if token is None:
            return Again(seconds=WAIT_SECONDS)
        try:
            renew_in = await self._ensure_edge(order, request, token=token)
        except (Refused, NameTaken) as refusal:
            await self._tell(order, refusal)
            return Again(seconds=RESYNC_SECONDS)
        seconds = min(renew_in, RESYNC_SECONDS)
        self._signed[order.key] = (request, self._clock.monotonic() + min(seconds, CHECK_SECONDS))
        return Again(seconds=seconds)

    async def _token(self, order: Order) -> str | None:
        about = order.spec.deployment
        name = client_secret_name(about.name)
        secret = await self._api.get(SECRET, name, namespace=about.namespace)
        if secret is None or not is_owned(secret, uid=order.deployment_uid):
            return None
        return secret_text(secret, "token")

    async def _ensure_edge(self, order: Order, request: str, *, token: str) -> float:
        name = edge_secret_name(order.name)
        held = await self._api.get(SECRET, name, namespace=order.namespace)
        if held is not None and not is_owned(held, uid=order.deployment_uid):
            raise NameTaken(kind="Secret", namespace=order.namespace, name=name)
        about = order.spec.deployment
        certificate = await self._authority.certificate(
            signing_request=request,
            names=server_names(about.name, namespace=about.namespace, order=order.name),
            held=secret_text(held, "tls.crt"),
        )
        body = edge_secret_body(order, certificate_pem=certificate.pem, token=token)
        if held is None:
            await self._api.create(SECRET, body)
        elif not holds(held, body):
            await self._api.apply(SECRET, identified(body, held), manager=SPEC_MANAGER)
        return certificate.renew_in_seconds

    async def _tell(self, order: Order, refusal: Exception) -> None:
        about = order.spec.deployment
        deployment = self._deployments.get(f"{about.namespace}/{about.name}")
        if deployment is not None:
            text = f"no certificate for {order.host}: {refusal}"
            await self._events.warning(deployment, reason=Reason.NOT_SIGNED.value, message=text)


def deployment_keys(order: Json) -> list[str]:
    """Return the keys of ModelDeployments that an order belongs to."""
    found = order_of(order)
    if found is None:
        return []
    return [f"{found.spec.deployment.namespace}/{found.spec.deployment.name}"]
