"""What every node holds, kept up as pods come and go: no question looks at all pods anew.

Pods that are bound count where they are. For those that an order still waits for, room is held on
the nodes where they would fit; what is held moves only when its node cannot keep the word.
"""

from collections import Counter
from dataclasses import dataclass, replace

from modelbond.reconcile.host_ledger import NOTHING, Amounts
from modelbond.reconcile.host_nodes import NodeFacts, PlaceKey, PodUse
from modelbond.reconcile.host_room import Ask, NodeRoom, Room


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Room that is held on nodes, one pod's worth for each time a node is named."""

    nodes: tuple[str, ...] = ()
    each: Amounts = NOTHING

    def on(self, node: str) -> Amounts:
        """Return what is held on one node."""
        return self.each.times(self.nodes.count(node))


class Occupancy:
    """Sums for each node and each order. Pods go by any key that is theirs alone."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeFacts] = {}
        self._pods: dict[str, PodUse] = {}
        self._used: dict[str, Counter[str]] = {}
        self._bound: dict[PlaceKey, dict[str, PodUse]] = {}
        self._asks: dict[PlaceKey, Ask] = {}
        self._held: dict[PlaceKey, _Held] = {}
        self._holders: dict[str, set[PlaceKey]] = {}
        self._kept: dict[str, Amounts] = {}
        self._rooms: dict[str, NodeRoom] = {}
        self._stale: set[str] = set()
        self._unsettled: set[PlaceKey] = set()
        self._short: set[PlaceKey] = set()

    def node(self, name: str, facts: NodeFacts | None) -> None:
        """Take in a node as it is now; None where it is gone."""
        if facts == self._nodes.get(name):
            return
        if facts is None:
            del self._nodes[name]
        else:
            self._nodes[name] = facts
        self._stale.add(name)
        self._unsettled |= self._holders.get(name, set())

    def pod(self, key: str, use: PodUse | None) -> None:
        """Take in a pod as it is now; None where it takes nothing."""
        before = self._pods.pop(key, None)
        if use is not None:
            self._pods[key] = use
        if use == before:
            return
        if before is not None:
            self._count(key, before, bound=False)
        if use is not None:
            self._count(key, use, bound=True)

    def promise(self, place: PlaceKey, ask: Ask | None) -> None:
        """Hold room for an order's pods that are not bound yet; None ends it."""
        self._asks.pop(place, None)
        if ask is not None:
            self._asks[place] = ask
        self._unsettled.add(place)

    def usable_nodes(self) -> list[NodeFacts]:
        """Return the nodes that take pods, by name."""
        return sorted(
            (node for node in self._nodes.values() if node.usable), key=lambda node: node.name
        )

    def room(self) -> Room:
        """Return the room beside all pods and promises."""
        self._settle()
        return Room(tuple(self._rooms.values()))

    def room_without(self, place: PlaceKey) -> Room:
        """Return the room as if the order of that place had neither pods nor promise."""
        self._settle()
        pods, held = self._bound.get(place, {}).values(), self._held.get(place, _Held())
        rooms = dict(self._rooms)
        for name in {*held.nodes, *(pod.node for pod in pods)} & set(rooms):
            used = Counter(self._used.get(name, {}))
            for pod in pods:
                if pod.node == name:
                    used.subtract(pod.requests)
            kept = self._kept.get(name, NOTHING).plus(held.on(name).times(-1))
            rooms[name] = _beside(self._nodes[name].room(used), kept)
        return Room(tuple(rooms.values()))

    def _count(self, key: str, use: PodUse, *, bound: bool) -> None:
        used = self._used.setdefault(use.node, Counter())
        if bound:
            used.update(use.requests)
        else:
            used.subtract(use.requests)
        self._stale.add(use.node)
        if use.place is None:
            return
        pods = self._bound.setdefault(use.place, {})
        if bound:
            pods[key] = use
        else:
            del pods[key]
        if not pods:
            del self._bound[use.place]
        self._unsettled.add(use.place)

    def _settle(self) -> None:
        """Bring the rooms up to date, and move what is held where it must be."""
        if not self._stale and not self._unsettled:
            return
        for name in self._stale:
            self._unsettled |= self._evicted(name)
        unsettled = sorted(self._unsettled | self._short)
        for place in unsettled:
            self._let_go(place)
        for name in sorted(self._stale):
            self._refresh(name)
        for place in unsettled:
            self._hold(place)
        self._stale.clear()
        self._unsettled.clear()

    def _evicted(self, name: str) -> set[PlaceKey]:
        """Return the orders for which the node cannot hold room any more."""
        facts, kept = self._nodes.get(name), self._kept.get(name, NOTHING)
        if facts is None or not facts.room(self._used.get(name, {})).free.lacking(kept):
            return set()
        return set(self._holders[name])

    def _let_go(self, place: PlaceKey) -> None:
        held = self._held.pop(place, _Held())
        for name in set(held.nodes):
            self._holders[name].discard(place)
            self._kept[name] = self._kept[name].plus(held.on(name).times(-1))
            self._stale.add(name)

    def _hold(self, place: PlaceKey) -> None:
        """Hold room for the order's pods that are not bound yet, as far as there is any."""
        self._short.discard(place)
        ask = self._asks.get(place)
        count = max(ask.count - len(self._bound.get(place, {})), 0) if ask else 0
        if ask is None or not count:
            return
        names = tuple(self._rooms)
        chosen = Room(tuple(self._rooms.values())).chosen(replace(ask, count=count))
        held = _Held(nodes=tuple(names[index] for index in chosen), each=ask.each)
        self._held[place] = held
        for name in set(held.nodes):
            self._holders.setdefault(name, set()).add(place)
            self._kept[name] = self._kept.get(name, NOTHING).plus(held.on(name))
            self._refresh(name)
        if len(chosen) < count:
            self._short.add(place)

    def _refresh(self, name: str) -> None:
        facts = self._nodes.get(name)
        if facts is None or not facts.usable:
            self._rooms.pop(name, None)
            return
        room = facts.room(self._used.get(name, {}))
        self._rooms[name] = _beside(room, self._kept.get(name, NOTHING))


def _beside(room: NodeRoom, kept: Amounts) -> NodeRoom:
    return replace(room, free=room.free.plus(kept.times(-1)))
