"""The status of HomeClusters: written where it differs, with an event for each change of Ready."""

from collections.abc import Mapping, Sequence

from modelbond.api.conditions import Condition
from modelbond.api.kinds import HOME_CLUSTER, Json
from modelbond.controllers.freshest import Freshest
from modelbond.controllers.link_session import STATUS_MANAGER
from modelbond.controllers.link_state import LinkState
from modelbond.ports.cluster import Events, KubeApi
from modelbond.ports.process import Clock
from modelbond.reconcile.host_home import LinkFacts, home_status
from modelbond.reconcile.host_ledger import Ledger
from modelbond.reconcile.host_terms import Terms


class HomeClusterStatus:
    """Knows HomeClusters past a lagging cache, and what people were told of each."""

    def __init__(
        self, *, api: KubeApi, homes: Mapping[str, Json], clock: Clock, events: Events
    ) -> None:
        self._api = api
        self._homes = homes
        self._clock = clock
        self._events = events
        self._freshest = Freshest()
        self._said: dict[str, str] = {}

    def current(self, name: str) -> Json | None:
        """Return the HomeCluster as last seen or written, or None."""
        return self._freshest.of(name, self._homes.get(name))

    def forget(self, name: str) -> None:
        """Drop what is remembered of a HomeCluster that is gone."""
        self._said.pop(name, None)
        self._freshest.forget(name)

    async def write(
        self, terms: Terms, *, state: LinkState, conditions: Sequence[Condition], ledger: Ledger
    ) -> None:
        """Write the status of exactly the HomeCluster whose terms these are."""
        home = self.current(terms.home)
        if home is None or home["metadata"]["uid"] != terms.uid:
            return
        before = home.get("status", {})
        facts = LinkFacts(home_uid=state.home_uid, host_name=state.host_name, conditions=conditions)
        now = self._clock.now()
        status = home_status(terms, link=facts, ledger=ledger, before=before, now=now)
        if status == before:
            return
        body = {
            "apiVersion": HOME_CLUSTER.api_version,
            "kind": HOME_CLUSTER.kind,
            "metadata": {"name": terms.home, "uid": terms.uid},
            "status": status,
        }
        written = await self._api.apply_status(HOME_CLUSTER, body, manager=STATUS_MANAGER)
        self._freshest.wrote(terms.home, written)
        await self._tell_people(written, ready=conditions[0])

    async def _tell_people(self, home: Json, *, ready: Condition) -> None:
        """Make an event of each change of Ready."""
        name = home["metadata"]["name"]
        if self._said.get(name) == ready.reason:
            return
        self._said[name] = ready.reason
        say = self._events.normal if ready.status else self._events.warning
        if ready.status is not None:
            await say(home, reason=ready.reason.value, message=ready.message)
