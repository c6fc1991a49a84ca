"""HomeClusters: one link and one set of local copies for each, and the status of both.

The key is the HomeCluster's name.
"""

import logging
from collections.abc import Iterable, Mapping

from modelbond import __version__
from modelbond.api.conditions import Condition
from modelbond.api.config import HostConfig
from modelbond.api.kinds import NAMESPACE, Json, key_of
from modelbond.api.report import encode_report
from modelbond.controllers import host_metrics
from modelbond.controllers.capacity import Capacity
from modelbond.controllers.children import Workloads
from modelbond.controllers.home_cluster_status import HomeClusterStatus
from modelbond.controllers.host_lease_watch import LeaseWatch
from modelbond.controllers.link import Link
from modelbond.errors import Forbidden, Refused
from modelbond.ports.cluster import Connect, Events, KubeApi, MakeInformer, Queue
from modelbond.ports.process import Again, Clock, Done, Outcome, Supervisor, Wait
from modelbond.reconcile.host_home import own_side_fails
from modelbond.reconcile.host_lease_money import bond_condition
from modelbond.reconcile.host_report import report_for
from modelbond.reconcile.host_terms import Terms, terms_of
from modelbond.serving.names import home_namespace
from modelbond.settlement.units import Wei

_log = logging.getLogger(__name__)

_UNREADY_SECONDS = 1.0


def home_keys(home: Json) -> Iterable[str]:
    """Return the key that a changed HomeCluster concerns."""
    yield key_of(home)


class HomeClusterController:
    """Implements ports.Controller for HomeClusters. `links` and `workloads` are by name, live."""

    def __init__(  # noqa: PLR0913 - the ports and maps that it works with
        self,
        *,
        api: KubeApi,
        homes: Mapping[str, Json],
        copies: Mapping[str, Json],
        connect: Connect,
        make_informer: MakeInformer,
        supervisor: Supervisor,
        clock: Clock,
        wait: Wait,
        events: Events,
        config: HostConfig,
        namespace: str,
        queue_homes: Queue,
        queue_copies: Queue,
        watch: LeaseWatch | None = None,
    ) -> None:
        self._watch = watch
        self.links: dict[str, Link] = {}
        self.workloads: dict[str, Workloads] = {}
        self.capacity = Capacity(
            api=api,
            make_informer=make_informer,
            supervisor=supervisor,
            read_nodes=config.read_nodes,
            on_change=self._capacity_changed,
        )
        self._api = api
        self._homes = homes
        self._copies = copies
        self._connect = connect
        self._make_informer = make_informer
        self._supervisor = supervisor
        self._clock = clock
        self._wait = wait
        self._config = config
        self._namespace = namespace
        self._queue_homes = queue_homes
        self._queue_copies = queue_copies
        self._status = HomeClusterStatus(api=api, homes=homes, clock=clock, events=events)
        self._cluster_uid = ""

    async def reconcile(self, key: str) -> Outcome:
        """Keep one home's link as its HomeCluster says, and say how it is."""
        home = self._status.current(key)
        if home is None:
            await self._stop(key)
            return Done()
        await self._prepare()
        terms = terms_of(home, offered=self._config.runtimes)
        link = await self._linked(terms, home)
        self._took_terms(link, terms)
        host_metrics.linked(key, link.state)
        await self._write_status(link)
        ready = self.capacity.ready and self.workloads[key].synced
        return Done() if ready else Again(seconds=_UNREADY_SECONDS)

    async def _prepare(self) -> None:
        """Learn our own identity and earlier promises once; begin to watch nodes and pods."""
        if self._cluster_uid:
            return
        found = await self._api.get(NAMESPACE, "kube-system")
        if found is None:
            raise Forbidden("namespace kube-system cannot be read: its UID is this host's identity")
        await self.capacity.load(self._readable_terms())
        self.capacity.start()
        self._cluster_uid = str(found["metadata"]["uid"])

    def _readable_terms(self) -> dict[str, Terms]:
        """Return the terms of every home; one that cannot be read keeps no other waiting."""
        found = {}
        for name, home in list(self._homes.items()):
            try:
                found[name] = terms_of(home, offered=self._config.runtimes)
            except Refused as refusal:
                fields = {"home": name, "detail": str(refusal)}
                _log.warning("unreadable HomeCluster", extra=fields)
        return found

    async def _linked(self, terms: Terms, home: Json) -> Link:
        """Return the running link of exactly that HomeCluster, started where it is not."""
        link = self.links.get(terms.home)
        if link is not None and link.terms.uid == terms.uid:
            return link
        await self._stop(terms.home)
        name = terms.home
        link = Link(
            terms,
            home_uid=home.get("status", {}).get("homeUID"),
            cluster_uid=self._cluster_uid,
            api=self._api,
            namespace=self._namespace,
            connect=self._connect,
            make_informer=self._make_informer,
            supervisor=self._supervisor,
            clock=self._clock,
            wait=self._wait,
            pin=lambda uid: self._pin(name, uid),
            report=lambda: self._report(name),
            on_order=lambda order: self._queue_copies.add(f"{name}/{order}"),
            on_state=lambda: self._link_changed(name),
        )
        workloads = Workloads(
            name,
            api=self._api,
            make_informer=self._make_informer,
            supervisor=self._supervisor,
            on_order=lambda order: self._queue_copies.add(f"{name}/{order}"),
        )
        self.links[name], self.workloads[name] = link, workloads
        host_metrics.begin(name)
        workloads.start()
        link.start()
        return link

    async def _stop(self, name: str) -> None:
        """End the link of a HomeCluster that is gone; its copies are looked at once more."""
        link, workloads = self.links.pop(name, None), self.workloads.pop(name, None)
        if workloads is not None:
            workloads.stop()
        if link is not None:
            await link.stop()
            host_metrics.end(name)
        self._status.forget(name)
        self._queue_all(name)

    def _took_terms(self, link: Link, terms: Terms) -> None:
        """Let changed terms reach the link, and every order and copy of that home."""
        changed = link.terms != terms
        link.terms = terms
        if changed:
            self._queue_all(terms.home)

    async def _pin(self, name: str, uid: str) -> None:
        """Write the home's UID before anything else is taken from it."""
        link = self.links[name]
        link.state.home_uid = uid
        await self._write_status(link)

    async def _write_status(self, link: Link) -> None:
        await self._status.write(
            link.terms,
            state=link.state,
            conditions=self._conditions(link),
            ledger=self.capacity.ledger,
        )

    def _conditions(self, link: Link) -> list[Condition]:
        """Return the link's conditions; what cannot be seen of this cluster makes it not Ready."""
        workloads = self.workloads.get(link.terms.home)
        failures = (workloads.blocked if workloads else None, self.capacity.failure)
        ready, *steps = link.state.conditions()
        failure = next((each for each in failures if each is not None), None)
        ready = ready if failure is None else own_side_fails(ready, failure)
        return [ready, *steps, *self._bond(link.terms)]

    def _bond(self, terms: Terms) -> Iterable[Condition]:
        """Yield whether one offer more would be covered, where this home is offered leases."""
        if terms.price is not None and self._watch is not None:
            cover = Wei(int(terms.price.cover))
            yield bond_condition(self._watch.purse(), cover=cover, trouble=self._watch.trouble)

    def _report(self, name: str) -> str | None:
        link = self.links.get(name)
        if link is None or not self.capacity.ready:
            return None
        report = report_for(
            link.terms,
            config=self._config,
            ledger=self.capacity.ledger,
            room=self.capacity.room(),
            cluster_uid=self._cluster_uid,
            version=__version__,
        )
        return encode_report(report)

    def _link_changed(self, name: str) -> None:
        self._queue_homes.add(name)
        self._queue_all(name)

    def _capacity_changed(self) -> None:
        for name in self.links:
            self._queue_homes.add(name)

    def _queue_all(self, name: str) -> None:
        """Look at every order and every copy of that home again."""
        link = self.links.get(name)
        orders = set(link.orders() if link else ())
        prefix = f"{home_namespace(name)}/"
        orders |= {key.removeprefix(prefix) for key in list(self._copies) if key.startswith(prefix)}
        for order in sorted(orders):
            self._queue_copies.add(f"{name}/{order}")
