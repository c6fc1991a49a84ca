"""Copies: an order is admitted, served, taken back or removed, and its home is told.

The key is `<HomeCluster name>/<order name>`. Decisions are in reconcile/host_course.py; here they
are carried out.
"""

from collections.abc import Iterable, Mapping
from typing import assert_never

from modelbond.api.config import HostConfig
from modelbond.api.kinds import HOME_CLUSTER, Json, split_key
from modelbond.controllers.capacity import Capacity
from modelbond.controllers.children import Workloads
from modelbond.controllers.copies import Copies
from modelbond.controllers.copy_actions import CopyActions, Home
from modelbond.controllers.edge_identity import HostKeys
from modelbond.controllers.host_lease_offers import Means
from modelbond.controllers.host_leases import HostLeases
from modelbond.controllers.link import Link
from modelbond.ports.cluster import Events, KubeApi
from modelbond.ports.process import Again, Clock, Done, Outcome
from modelbond.reconcile import host_course as courses
from modelbond.reconcile.host_ledger import Place
from modelbond.reconcile.host_order import is_made_here
from modelbond.reconcile.host_terms import terms_of
from modelbond.serving.names import home_namespace

_SOON_SECONDS = 1.0
_ORPHAN_SECONDS = 60.0
_NAMESPACE_PREFIX = home_namespace("")


def copy_keys(placement: Json) -> Iterable[str]:
    """Return the key that a changed ModelPlacement concerns: its own, when it is a copy."""
    meta = placement["metadata"]
    namespace = str(meta.get("namespace", ""))
    if placement.get("spec", {}).get("role") == "Copy" and namespace.startswith(_NAMESPACE_PREFIX):
        yield f"{namespace.removeprefix(_NAMESPACE_PREFIX)}/{meta['name']}"


class CopyController:
    """Implements ports.Controller for orders and their copies."""

    def __init__(  # noqa: PLR0913 - the ports and maps that it works with
        self,
        *,
        api: KubeApi,
        copies: Mapping[str, Json],
        homes: Mapping[str, Json],
        links: Mapping[str, Link],
        workloads: Mapping[str, Workloads],
        capacity: Capacity,
        keys: HostKeys,
        clock: Clock,
        events: Events,
        config: HostConfig,
        means: Means | None = None,
    ) -> None:
        self._api = api
        self._copies = Copies(api=api, cached=copies)
        self._homes = homes
        self._links = links
        self._workloads = workloads
        self._capacity = capacity
        self._config = config
        self._clock = clock
        self._leases = HostLeases(api=api, clock=clock, means=means)
        self._actions = CopyActions(
            api=api,
            copies=self._copies,
            capacity=capacity,
            keys=keys,
            clock=clock,
            events=events,
            config=config,
            leases=self._leases,
        )

    async def reconcile(self, key: str) -> Outcome:
        """Bring one order and its copy to where they should be."""
        namespace, name = split_key(key)
        home_name = namespace or ""
        if home_name not in self._homes:
            return await self._without_home(home_name, name)
        home = self._home(home_name)
        if home is None:
            return Again(seconds=_SOON_SECONDS)
        copy = await self._copies.find(home_name, name)
        if copy is None:
            return await self._without_copy(home, name)
        return await self._with_copy(home, copy)

    def _home(self, name: str) -> Home | None:
        """Return the home with its link and objects, or None while they are not known yet."""
        link, workloads = self._links.get(name), self._workloads.get(name)
        if link is None or workloads is None or not workloads.synced or not self._capacity.ready:
            return None
        obj = self._homes[name]
        terms = terms_of(obj, offered=self._config.runtimes)
        return Home(obj=obj, terms=terms, link=link, workloads=workloads)

    async def _without_home(self, home_name: str, name: str) -> Outcome:
        """Remove a copy whose HomeCluster its owner deleted; the API server confirms it first."""
        copy = await self._copies.find(home_name, name)
        if copy is None:
            self._actions.forget(Place(home=home_name, order=name))
        if copy is None or not is_made_here(copy, home=home_name):
            return Done()
        if await self._api.get(HOME_CLUSTER, home_name) is not None:
            return Done()
        self._capacity.release(Place(home=home_name, order=name))
        return await self._actions.remove(copy, home=None, order=None, declined=None)

    async def _without_copy(self, home: Home, name: str) -> Outcome:
        place = Place(home=home.terms.home, order=name)
        self._capacity.release(place)
        match courses.course_without_copy(home.link.view(name)):
            case courses.Release(order=order):
                return await self._actions.release(home, order)
            case courses.Consider(order=order):
                return await self._actions.consider(home, order, None)
            case courses.Forget():
                self._actions.forget(place)
                return Done()
            case courses.Rest():
                return Done()
            case other:
                assert_never(other)

    async def _with_copy(self, home: Home, copy: Json) -> Outcome:
        view = home.link.view(copy["metadata"]["name"])
        course = courses.course_with_copy(
            copy,
            view=view,
            terms=home.terms,
            home_uid=home.uid,
            now=self._clock.now(),
            hold=self._leases.hold(copy, terms=home.terms),
        )
        outcome = await self._follow(course, home=home, copy=copy)
        if isinstance(view, courses.Gone) and isinstance(outcome, Done):
            return Again(seconds=_ORPHAN_SECONDS)
        return outcome

    async def _follow(self, course: courses.WithCopy, *, home: Home, copy: Json) -> Outcome:
        actions = self._actions
        match course:
            case courses.Rest():
                return Done()
            case courses.Refuse(order=order, declined=declined):
                return await actions.refuse(home, order, declined)
            case courses.Consider(order=order):
                return await actions.consider(home, order, copy)
            case courses.Serve(order=seen, linked=linked, declined=refused, leaving=why):
                return await actions.serve(
                    home, copy, order=seen, linked=linked, declined=refused, leaving=why
                )
            case courses.Dismiss(order=known, declined=reason):
                return await actions.dismiss(home, copy, order=known, declined=reason)
            case courses.Remove(order=ended, declined=taken_back):
                return await actions.remove(copy, home=home, order=ended, declined=taken_back)
            case other:
                assert_never(other)
