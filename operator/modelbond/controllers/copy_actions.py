"""What is done about an order and its copy once it is decided: admit, serve, dismiss, remove."""

from dataclasses import dataclass

from modelbond.api.conditions import Condition, ConditionType, Reason
from modelbond.api.config import HostConfig
from modelbond.api.kinds import Json
from modelbond.controllers import host_metrics
from modelbond.controllers.answers import ASK_AGAIN_SECONDS, Answers
from modelbond.controllers.capacity import Capacity
from modelbond.controllers.children import Workloads, removed
from modelbond.controllers.copies import Copies
from modelbond.controllers.copy_waiting import (
    LONGEST_SECONDS,
    Waiting,
    in_vain,
    look_again,
    sooner,
)
from modelbond.controllers.edge_identity import HostKeys
from modelbond.controllers.host_leases import HostLeases, Leased
from modelbond.controllers.host_metrics import CopyState
from modelbond.controllers.link import Link
from modelbond.controllers.serve import Serve
from modelbond.errors import NameTaken
from modelbond.ports.cluster import Events, KubeApi
from modelbond.ports.process import Again, Clock, Done, Outcome
from modelbond.reconcile.host_admission import Accepted, Declined
from modelbond.reconcile.host_course import carried_generation, orphaned_since
from modelbond.reconcile.host_lease import Bound
from modelbond.reconcile.host_ledger import Place
from modelbond.reconcile.host_order import Order, workload_of
from modelbond.reconcile.host_seen import Seen
from modelbond.reconcile.host_status import (
    Said,
    refused,
    running,
    status_body,
    still_here,
    unchanged,
    with_lease,
    withdrawn,
)
from modelbond.reconcile.host_terms import Terms

_SOON_SECONDS = 1.0
_LINKED = Condition(
    type=ConditionType.LINKED,
    status=True,
    reason=Reason.LINKED,
    message="the order is seen at the home",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One home as a reconcile meets it."""

    obj: Json
    terms: Terms
    link: Link
    workloads: Workloads

    @property
    def uid(self) -> str:
        """Return the pinned UID of the home, or nothing before the first contact."""
        return self.link.state.home_uid or ""


class CopyActions:
    """Acts on the local API server and tells the home."""

    def __init__(  # noqa: PLR0913 - the ports that it works with
        self,
        *,
        api: KubeApi,
        copies: Copies,
        capacity: Capacity,
        keys: HostKeys,
        clock: Clock,
        events: Events,
        config: HostConfig,
        leases: HostLeases,
    ) -> None:
        self._api = api
        self._copies = copies
        self._capacity = capacity
        self._clock = clock
        self._events = events
        self._config = config
        self._leases = leases
        self._answers = Answers(clock=clock)
        self._serve = Serve(api=api, keys=keys, clock=clock)
        self._waiting = Waiting(clock)
        self._accepted: dict[str, float] = {}

    def forget(self, place: Place) -> None:
        """Drop what is remembered of an order that has ended and left nothing here."""
        self._answers.forget(place)

    async def release(self, home: Home, order: Order) -> Outcome:
        """Tell the home that nothing of a withdrawn order is here."""
        said = withdrawn(released=True)
        await self._answers.tell(order, said, link=home.link, generation=order.generation)
        return Done()

    async def refuse(self, home: Home, order: Order, declined: Declined) -> Outcome:
        """Tell the home that the order is not taken; nothing of it is here."""
        said = refused(declined.reason, declined.message, released=True)
        await self._answers.tell(order, said, link=home.link, generation=order.generation)
        return Done()

    async def consider(self, home: Home, order: Order, copy: Json | None) -> Outcome:
        """Put an order to admission, unless it was declined under these very terms before."""
        declined = self._answers.standing(order, terms=home.terms, link=home.link)
        if declined is None:
            verdict = await self._capacity.admit(order, terms=home.terms)
            if isinstance(verdict, Accepted):
                return await self._accept(home, order, copy)
            declined = await self._decline(home, order, verdict)
        if copy is None:
            return await self.refuse(home, order, declined)
        outcome = await self.serve(home, copy, order=order, linked=_LINKED, declined=declined)
        # Room comes back without a word to anybody; the home does not ask the same twice.
        return Again(seconds=ASK_AGAIN_SECONDS) if outcome == Done() else outcome

    async def serve(  # noqa: PLR0913 - what is known of its order
        self,
        home: Home,
        copy: Json,
        *,
        order: Order | None,
        linked: Condition,
        declined: Declined | None = None,
        leaving: str = "",
    ) -> Outcome:
        """Run what the copy says, and tell how it goes. `declined` is a change not taken.

        `leaving` is why it serves on although its order is withdrawn.
        """
        seen, leased = await self._seen(home, copy)
        waited = self._waiting.seconds(copy, seen)
        if waited >= LONGEST_SECONDS:
            lost = in_vain(seen)
            bound = isinstance(self._leases.hold(copy, terms=home.terms), Bound)
            if not bound and not any(pod.ready for pod in seen.current_pods):
                return await self.dismiss(home, copy, order=order, declined=lost)
            declined = declined or lost
        offering = order is not None and not leaving
        lease = await self._leases.said(copy, leased, seen, terms=home.terms, offering=offering)
        said = with_lease(running(seen), lease)
        self._measure(home, copy, said, linked=linked)
        taken = order.generation if order and declined is None and not leaving else None
        await self._say(copy, said, linked=linked, carried=taken)
        if order is not None:
            if declined is not None:
                said = unchanged(said, reason=declined.reason, message=declined.message)
            if leaving:
                said = still_here(said, leaving)
            await self._answers.tell(order, said, link=home.link, generation=order.generation)
        if seen.refusal is not None and not waited:
            reason, message = seen.refusal.reason.value, seen.refusal.message
            await self._events.warning(copy, reason=reason, message=message)
        return sooner(look_again(seen, waited=waited), lease.again)

    async def _seen(self, home: Home, copy: Json) -> tuple[Seen, Leased]:
        """Make what serves the copy and its lease, and return what is there of both."""
        name = copy["metadata"]["name"]
        workload = workload_of(copy, terms=home.terms, edge_image=self._config.edge_image)
        children = home.workloads.of(name, owner_uid=copy["metadata"]["uid"])
        leased = await self._leases.prepared(
            copy,
            workload=workload,
            children=children,
            sent=home.link.papers(name),
            terms=home.terms,
        )
        seen = await self._serve.seen(
            copy,
            workload=workload,
            children=children,
            sent=home.link.edge_secret(name),
            agreed=leased.agreed,
            addresses=self._addresses(home),
        )
        return seen, leased

    def _measure(self, home: Home, copy: Json, said: Said, *, linked: Condition) -> None:
        place = Place(home=home.terms.home, order=copy["metadata"]["name"])
        host_metrics.copy_is(place, CopyState.of(said, linked=linked))
        uid = copy["metadata"]["uid"]
        if uid in self._accepted and said.holds(ConditionType.READY):
            seconds = self._clock.monotonic() - self._accepted.pop(uid)
            host_metrics.became_ready(place.home, seconds=seconds)

    async def dismiss(
        self, home: Home, copy: Json, *, order: Order | None, declined: Declined
    ) -> Outcome:
        """Write on the copy that the host takes it back, then begin to remove it."""
        said = refused(declined.reason, declined.message, released=False)
        copy = await self._say(copy, said, linked=None)
        message = f"{declined.message}; the copy is removed"
        await self._events.warning(copy, reason=declined.reason.value, message=message)
        if order is not None:
            self._answers.decline(order, terms=home.terms, declined=declined)
        return await self.remove(copy, home=home, order=order, declined=declined)

    async def remove(
        self, copy: Json, *, home: Home | None, order: Order | None, declined: Declined | None
    ) -> Outcome:
        """Remove the copy and all that serves it; the promise ends when the last pod is gone."""
        meta = copy["metadata"]
        name, namespace = meta["name"], meta["namespace"]
        gone = await removed(self._api, name, namespace=namespace, owner_uid=meta["uid"])
        if gone:
            await self._copies.delete(copy)
            self._serve.forget(copy)
            self._leases.forget(copy)
            self._waiting.forget(copy)
            self._accepted.pop(meta["uid"], None)
        if home is not None:
            place = Place(home=home.terms.home, order=name)
            host_metrics.copy_is(place, None if gone else CopyState.ENDING)
            if gone:
                self._capacity.release(place)
        said = (
            refused(declined.reason, declined.message, released=gone)
            if declined is not None
            else withdrawn(released=gone)
        )
        if not gone:
            copy = await self._say(copy, said, linked=None)
        if home is not None and order is not None:
            await self._answers.tell(order, said, link=home.link, generation=order.generation)
        return Done() if gone else Again(seconds=_SOON_SECONDS)

    async def _accept(self, home: Home, order: Order, copy: Json | None) -> Outcome:
        terms = home.terms
        self._answers.taken(order, terms=terms)
        try:
            if copy is None:
                made = await self._copies.made(order, terms=terms, home_uid=home.uid)
            else:
                made = await self._copies.changed(copy, order, terms=terms, home_uid=home.uid)
        except NameTaken as taken:
            self._capacity.release(Place(home=terms.home, order=order.name))
            declined = Declined(reason=Reason.NAME_TAKEN, message=str(taken))
            self._answers.decline(order, terms=terms, declined=declined)
            return await self.refuse(home, order, declined)
        if copy is None:
            self._accepted[made["metadata"]["uid"]] = self._clock.monotonic()
        outcome = await self.serve(home, made, order=order, linked=_LINKED)
        if copy is None:
            message = "the order is taken; its pods start once the home signed the certificate"
            await self._events.normal(made, reason=Reason.ACCEPTED.value, message=message)
        return outcome

    async def _decline(self, home: Home, order: Order, declined: Declined) -> Declined:
        self._answers.decline(order, terms=home.terms, declined=declined)
        if declined != self._answers.told(order, link=home.link):
            message = f"order {order.name} was declined: {declined.message}"
            await self._events.normal(home.obj, reason=declined.reason.value, message=message)
        return declined

    async def _say(
        self, copy: Json, said: Said, *, linked: Condition | None, carried: int | None = None
    ) -> Json:
        before, now = copy.get("status", {}), self._clock.now()
        if linked is not None:
            said = said.with_condition(linked)
        generation = copy["metadata"].get("generation", 1)
        body = status_body(said, before=before, generation=generation, now=now)
        since = orphaned_since(before, linked=linked, now=now)
        if since is not None:
            body["orphanedSince"] = since
        carried = carried_generation(copy) if carried is None else carried
        if carried is not None:
            body["orderGeneration"] = carried
        for signed in ("offer", "endpointRecord"):
            if signed in before:
                body.setdefault(signed, before[signed])
        return await self._copies.say(copy, body)

    def _addresses(self, home: Home) -> tuple[str, ...] | None:
        """Return what leads to our node ports: the owner's word, else a node's; None inside."""
        if home.link.leads_here and not home.terms.addresses:
            return None
        return home.terms.addresses or self._capacity.node_addresses()
