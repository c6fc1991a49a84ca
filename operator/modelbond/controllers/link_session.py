"""One credential's time with a home: its client, and the local copies of orders and edge Secrets.

A renewed token begins a new session; what the old one had seen is asked for anew.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from modelbond.api.kinds import CONFIG_MAP, LEASE, MODEL_PLACEMENT, SECRET, Json
from modelbond.api.versions import declared
from modelbond.controllers.link_credentials import Credential
from modelbond.errors import ApiUnreachable, Forbidden
from modelbond.ports.cluster import KubeApi, MakeInformer
from modelbond.ports.process import Supervisor
from modelbond.reconcile.host_order import Order

STATUS_MANAGER = "modelbond-status"
BEAT_SECONDS = 5.0
LEASE_SECONDS = 15
LEASE_NAME = "host"
REPORT_NAME = "host-report"
_EDGE = "-edge"
_PAPERS = "-agreement"


class Session:
    """Reads and writes exactly what the link's rights allow."""

    def __init__(  # noqa: PLR0913 - what it reads and whom it tells
        self,
        *,
        api: KubeApi,
        credential: Credential,
        make_informer: MakeInformer,
        on_order: Callable[[str], None],
        on_synced: Callable[[], None],
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self.api = api
        self.credential = credential
        self.namespace = credential.claims.namespace
        self._on_order = on_order
        self._beat_seconds = beat_seconds
        self._published: str | None = None
        self.orders = make_informer(
            api,
            MODEL_PLACEMENT,
            on_change=self._order_changed,
            on_synced=on_synced,
            namespace=self.namespace,
        )
        self.secrets = make_informer(
            api, SECRET, on_change=self._secret_changed, namespace=self.namespace
        )

    def start(self, supervisor: Supervisor, *, home: str) -> None:
        """Begin to watch."""
        supervisor.start(f"link-orders/{home}", self.orders.run)
        supervisor.start(f"link-secrets/{home}", self.secrets.run)

    def stop(self, supervisor: Supervisor, *, home: str) -> None:
        """Cease to watch."""
        supervisor.stop(f"link-orders/{home}")
        supervisor.stop(f"link-secrets/{home}")

    @property
    def failure(self) -> Exception | None:
        """Return why watching fails at present, or None."""
        return self.orders.failure or self.secrets.failure

    def order(self, name: str) -> Json | None:
        """Return the order as last seen."""
        return self.orders.objects().get(f"{self.namespace}/{name}")

    def order_names(self) -> list[str]:
        """Return the names of all orders seen."""
        return [str(order["metadata"]["name"]) for order in self.orders.objects().values()]

    def edge_secret(self, order: str) -> Json | None:
        """Return the Secret with certificate and token that the home laid beside the order."""
        return self.secrets.objects().get(f"{self.namespace}/{order}{_EDGE}")

    def papers(self, order: str) -> Json | None:
        """Return the Secret with what the home wants to be agreed about the order."""
        return self.secrets.objects().get(f"{self.namespace}/{order}{_PAPERS}")

    async def tell(self, order: Order, status: Json) -> Json:
        """Write the status of an order, without what the home's version does not declare."""
        body = {
            "apiVersion": MODEL_PLACEMENT.api_version,
            "kind": MODEL_PLACEMENT.kind,
            "metadata": {"name": order.name, "namespace": order.namespace, "uid": order.uid},
            "status": declared(status, at="status", version=order.home_version),
        }
        return await self.api.apply_status(MODEL_PLACEMENT, body, manager=STATUS_MANAGER)

    async def beat(self, *, holder: str, now: datetime) -> None:
        """Renew the Lease by which the home hears this host.

        A connection that stalls is closed and the next beat takes another: the Lease must not wait
        as long as other writes may.
        """
        moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": moment,
        }
        try:
            async with asyncio.timeout(self._beat_seconds):
                await self._merge(LEASE_NAME, {"spec": spec})
        except TimeoutError as failure:
            message = f"the Lease was not renewed within {self._beat_seconds:g} s"
            raise ApiUnreachable(message) from failure

    async def publish(self, report: str) -> None:
        """Write the report where it differs from what this session wrote last."""
        if report != self._published:
            await self._merge(REPORT_NAME, {"data": {"report": report}})
            self._published = report

    async def _merge(self, name: str, patch: Json) -> None:
        kind = LEASE if name == LEASE_NAME else CONFIG_MAP
        if await self.api.merge(kind, name, patch, namespace=self.namespace) is None:
            raise Forbidden(f"{kind.kind} {self.namespace}/{name} is missing at the home")

    def _order_changed(self, obj: Json, _deleted: bool) -> None:  # noqa: FBT001 - the port's shape
        self._on_order(str(obj["metadata"]["name"]))

    def _secret_changed(self, obj: Json, _deleted: bool) -> None:  # noqa: FBT001 - the port's shape
        name = str(obj["metadata"]["name"])
        for ending in (_EDGE, _PAPERS):
            if name.endswith(ending):
                self._on_order(name.removesuffix(ending))
