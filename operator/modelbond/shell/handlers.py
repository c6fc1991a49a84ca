"""kopf as a shell: it logs in and watches our four kinds; each event only reaches the router."""

from typing import Any

import kopf

from modelbond.adapters.connections import Connection
from modelbond.api.kinds import OUR_KINDS, Kind
from modelbond.shell.parts import Router

# Ten minutes of failures before the process ends: a container that crashes again and again is
# started by the kubelet ever later, and would sleep on when the API server is back.
_PATIENCE_SECONDS = (1, 1, 2, 3, 5, 8, 13, *(20,) * 28)


def registry_for(router: Router, *, connection: Connection) -> kopf.OperatorRegistry:
    """Return a registry of our own with one login and one event handler for each kind."""
    registry = kopf.OperatorRegistry()
    for kind in OUR_KINDS:
        _watch(kind, router, registry)

    # Our own login: kopf's would look for credentials by way of the synchronous client.
    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(
            server=connection.server,
            ca_path=connection.ca_file,
            token=connection.credential.token(),
            certificate_path=connection.certificate_file,
            private_key_path=connection.key_file,
        )

    return registry


def _watch(kind: Kind, router: Router, registry: kopf.OperatorRegistry) -> None:
    @kopf.on.event(
        kind.group, kind.version, kind.plural, id=f"notice-{kind.plural}", registry=registry
    )
    async def noticed(event: kopf.RawEvent, **_: Any) -> None:
        router.notice(kind, dict(event["object"]), deleted=event["type"] == "DELETED")


def settings() -> kopf.OperatorSettings:
    """Return kopf's settings: it writes nothing, and a dead watch is noticed."""
    chosen = kopf.OperatorSettings()
    chosen.posting.enabled = False
    chosen.peering.standalone = True
    chosen.watching.server_timeout = 300
    chosen.watching.client_timeout = 310
    chosen.watching.connect_timeout = 15
    chosen.watching.chunk_size = 500
    chosen.networking.request_timeout = 30
    chosen.networking.connect_timeout = 10
    chosen.networking.error_backoffs = _PATIENCE_SECONDS
    chosen.background.cancellation_polling = 5
    chosen.process.ultimate_exiting_timeout = 60
    # The chart grants no right to watch namespaces and CRDs; discovery was polled before.
    chosen.scanning.disabled = True
    return chosen
