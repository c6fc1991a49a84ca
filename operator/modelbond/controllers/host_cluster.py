"""HostClusters: listens to each host's Lease and report, and says what is true of it."""

import logging
from collections.abc import Mapping
from functools import partial

from modelbond.api.conditions import ConditionType, find
from modelbond.api.kinds import CONFIG_MAP, HOST_CLUSTER, LEASE, Json, key_of
from modelbond.controllers.freshest import Freshest
from modelbond.controllers.host_book import HostBook
from modelbond.errors import ModelbondError
from modelbond.ports.cluster import Events, Informer, KubeApi, MakeInformer, Queue
from modelbond.ports.process import Again, Clock, Done, Outcome, Supervisor
from modelbond.reconcile.home_host import HostFacts, host_status
from modelbond.reconcile.home_names import (
    LEASE_NAME,
    REPORT_KEY,
    REPORT_NAME,
    STATUS_MANAGER,
    deployment_uid_of,
    host_namespace,
    host_of_object,
)
from modelbond.reconcile.home_room import KnownHost

_log = logging.getLogger(__name__)

Listening = dict[str, tuple[str, Informer]]


class HostClusterController:
    """Keyed by the HostCluster's name. Keeps the HostBook and wakes deployments that it touches."""

    def __init__(  # noqa: PLR0913 - each is a port of its own
        self,
        *,
        api: KubeApi,
        hosts: Mapping[str, Json],
        orders_at: Mapping[str, Mapping[str, Json]],
        deployments: Mapping[str, Json],
        book: HostBook,
        make_informer: MakeInformer,
        supervisor: Supervisor,
        queue_hosts: Queue,
        queue_deployments: Queue,
        queue_orders: Queue,
        events: Events,
        clock: Clock,
    ) -> None:
        self._api = api
        self._hosts = hosts
        self._orders_at = orders_at
        self._deployments = deployments
        self._book = book
        self._make_informer = make_informer
        self._supervisor = supervisor
        self._queue_hosts = queue_hosts
        self._queue_deployments = queue_deployments
        self._queue_orders = queue_orders
        self._events = events
        self._clock = clock
        self._listening: Listening = {}
        self._told: dict[str, KnownHost | None] = {}
        self._fresh = Freshest()

    async def reconcile(self, key: str) -> Outcome:
        """Listen to the host, judge its silence, wake who is concerned, write its status."""
        cluster = self._fresh.of(key, self._hosts.get(key))
        if cluster is None:
            self._leave(key)
            return Done()
        informer = self._listen(key, uid=str(cluster["metadata"]["uid"]))
        if informer.failure is not None:
            # Unreadable is not silent: while the home cannot read Leases it judges nobody.
            self._book.lease_listed(key)
        elif self._book.seems_silent(key):
            await self._look_at_lease(key)
        left = self._book.seconds_to_silence(key)
        if left is not None:
            # Before anything that may fail: a status that is refused must not hide a silence.
            self._queue_hosts.add_after(key, left)
        self._wake(key)
        await self._write(cluster)
        return Done() if left is None else Again(seconds=left)

    async def _look_at_lease(self, name: str) -> None:
        """Ask the API server itself before calling a host silent: a watch may be dumb."""
        try:
            lease = await self._api.get(LEASE, LEASE_NAME, namespace=host_namespace(name))
        except ModelbondError:
            self._book.lease_listed(name)
        else:
            self._book.lease_seen(name, lease or {})

    def _listen(self, name: str, *, uid: str) -> Informer:
        held = self._listening.get(name)
        if held is not None and held[0] == uid:
            return held[1]
        namespace = host_namespace(name)
        lease = self._make_informer(
            self._api,
            LEASE,
            on_change=partial(self._lease_changed, name),
            on_synced=partial(self._lease_listed, name),
            namespace=namespace,
            name=LEASE_NAME,
        )
        report = self._make_informer(
            self._api,
            CONFIG_MAP,
            on_change=partial(self._report_changed, name),
            namespace=namespace,
            name=REPORT_NAME,
        )
        self._supervisor.start(f"host {name} lease", lease.run)
        self._supervisor.start(f"host {name} report", report.run)
        self._listening[name] = (uid, lease)
        return lease

    def _leave(self, name: str) -> None:
        self._supervisor.stop(f"host {name} lease")
        self._supervisor.stop(f"host {name} report")
        self._listening.pop(name, None)
        self._book.forget(name)
        self._fresh.forget(name)
        self._wake(name)
        self._told.pop(name, None)

    def _lease_changed(self, name: str, lease: Json, deleted: bool) -> None:  # noqa: FBT001
        before = self._book.host(name)
        if not deleted:
            self._book.lease_seen(name, lease)
        if self._book.host(name) != before:
            self._queue_hosts.add(name)

    def _lease_listed(self, name: str) -> None:
        self._book.lease_listed(name)
        self._queue_hosts.add(name)

    def _report_changed(self, name: str, report: Json, deleted: bool) -> None:  # noqa: FBT001
        text = None if deleted else (report.get("data") or {}).get(REPORT_KEY)
        self._book.report_seen(name, text)
        self._queue_hosts.add(name)

    def _wake(self, name: str) -> None:
        """Wake deployments placed there when its standing changed, and all that wait for room."""
        now, before = self._book.host(name), self._told.get(name)
        if now == before and name in self._told:
            return
        self._told[name] = now
        for key, deployment in list(self._deployments.items()):
            if _waits(deployment):
                self._queue_deployments.add(key)
        if _standing(now) != _standing(before):
            self._wake_placed(name)

    def _wake_placed(self, name: str) -> None:
        orders = self._orders_at.get(name, {})
        for key in orders:
            self._queue_orders.add(key)
        uids = {deployment_uid_of(order) for order in orders.values()}
        for key, deployment in list(self._deployments.items()):
            if deployment["metadata"].get("uid") in uids:
                self._queue_deployments.add(key)

    async def _write(self, cluster: Json) -> None:
        name = cluster["metadata"]["name"]
        host = self._book.host(name)
        if host is None:
            return
        before = cluster.get("status") or {}
        facts = HostFacts(
            name=name,
            accepted=host.accepted,
            generation=cluster["metadata"].get("generation", 1),
            status=before,
            heard=host.heard,
            last_heard=self._book.last_heard(name),
            judged=self._book.judged(name),
            orders=len(self._orders_at.get(name, {})),
            silence_seconds=self._book.silence_seconds,
        )
        after = host_status(facts, now=self._clock.now())
        if after == before:
            return
        body = _body(cluster, after)
        wrote = await self._api.apply_status(HOST_CLUSTER, body, manager=STATUS_MANAGER)
        self._fresh.wrote(name, wrote)
        await self._tell(cluster, before=before, after=after)

    async def _tell(self, cluster: Json, *, before: Json, after: Json) -> None:
        old = find(before.get("conditions") or [], ConditionType.READY)
        new = find(after.get("conditions") or [], ConditionType.READY)
        if new is None or (old or {}).get("reason") == new["reason"]:
            return
        _log.info("host changed", extra={"host": key_of(cluster), "reason": new["reason"]})
        record = self._events.normal if new["status"] == "True" else self._events.warning
        await record(cluster, reason=new["reason"], message=new["message"])


def host_keys(order: Json) -> list[str]:
    """Return the keys of HostClusters whose status counts this order."""
    host = host_of_object(order)
    return [host] if host is not None else []


def _body(cluster: Json, status: Json) -> Json:
    meta = cluster["metadata"]
    return {
        "apiVersion": HOST_CLUSTER.api_version,
        "kind": HOST_CLUSTER.kind,
        "metadata": {"name": meta["name"], "uid": meta["uid"]},
        "status": status,
    }


def _standing(host: KnownHost | None) -> object:
    if host is None:
        return None
    report = host.report
    said = (report.policy_revision, report.version) if report else None
    return (host.uid, host.heard, host.identity_changed, host.labels, host.endpoint_cidrs, said)


def _waits(deployment: Json) -> bool:
    conditions = (deployment.get("status") or {}).get("conditions") or []
    scheduled = find(conditions, ConditionType.SCHEDULED)
    return scheduled is None or scheduled["status"] != "True"
