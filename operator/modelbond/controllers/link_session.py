"""One credential's time with a home: its client, and the local copies of orders and edge Secrets.

A renewed token begins a new session; what the old one had seen is asked for anew.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from modelbond.api.kinds import CONFIG_MAP, LEASE, MODEL_PLACEMENT, SECRET, Json
from modelbond.controllers.link_credentials import Credential
from modelbond.errors import Forbidden
from modelbond.ports import KubeApi, MakeInformer, Supervisor

LEASE_SECONDS = 15
LEASE_NAME = "host"
REPORT_NAME = "host-report"
_EDGE = "-edge"


class Session:
    """Reads and writes exactly what the link's rights allow."""

    def __init__(
        self,
        *,
        api: KubeApi,
        credential: Credential,
        make_informer: MakeInformer,
        on_order: Callable[[str], None],
        on_synced: Callable[[], None],
    ) -> None:
        self.api = api
        self.credential = credential
        self.namespace = credential.claims.namespace
        self._on_order = on_order
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

    def edge_secret(self, order: str) -> Json | None:
        """Return the Secret with certificate and token that the home laid beside the order."""
        return self.secrets.objects().get(f"{self.namespace}/{order}{_EDGE}")

    async def beat(self, *, holder: str, now: datetime) -> None:
        """Renew the Lease by which the home hears this host."""
        moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": moment,
        }
        await self._merge(LEASE_NAME, {"spec": spec})

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
        if name.endswith(_EDGE):
            self._on_order(name.removesuffix(_EDGE))
