"""What a host has promised: one reservation for each accepted order, over all its homes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """CPU in millicores, memory in bytes, GPUs by class."""

    cpu_milli: int = 0
    memory_bytes: int = 0
    gpus: Mapping[str, int] = field(default_factory=dict)

    def plus(self, other: Self) -> "Amounts":
        """Return the sum; classes of zero are left out, so equal sums are equal values."""
        gpus = Counter(self.gpus)
        gpus.update(other.gpus)
        return Amounts(
            cpu_milli=self.cpu_milli + other.cpu_milli,
            memory_bytes=self.memory_bytes + other.memory_bytes,
            gpus={name: count for name, count in sorted(gpus.items()) if count},
        )

    def times(self, factor: int) -> "Amounts":
        """Return that many of these amounts together."""
        return Amounts(
            cpu_milli=self.cpu_milli * factor,
            memory_bytes=self.memory_bytes * factor,
            gpus={name: count * factor for name, count in self.gpus.items() if count * factor},
        )

    def lacking(self, needed: Self) -> tuple[str, ...]:
        """Return what of `needed` these amounts do not cover: `cpu`, `memory` or a class."""
        short = ["cpu"] if needed.cpu_milli > self.cpu_milli else []
        short += ["memory"] if needed.memory_bytes > self.memory_bytes else []
        short += [name for name, count in needed.gpus.items() if count > self.gpus.get(name, 0)]
        return tuple(short)


NOTHING = Amounts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What an order asks for: that much for each of its replicas."""

    replicas: int
    each: Amounts

    @property
    def total(self) -> Amounts:
        """Return what all replicas ask for together."""
        return self.each.times(self.replicas)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an order stands in the ledger: its home and its name there."""

    home: str
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """An accepted order and what was promised to it."""

    order_uid: str
    demand: Demand


@dataclass(frozen=True, slots=True)
class Ledger:
    """All reservations. A value: accepting and releasing return the next ledger."""

    reservations: Mapping[Place, Reservation] = field(default_factory=dict)

    def with_reserved(self, place: Place, reservation: Reservation) -> "Ledger":
        """Return the ledger with this promise in the place of any earlier one to that order."""
        return Ledger({**self.reservations, place: reservation})

    def without(self, place: Place) -> "Ledger":
        """Return the ledger without any promise to that order."""
        kept = {key: value for key, value in self.reservations.items() if key != place}
        return Ledger(kept)

    def used(self, home: str) -> Amounts:
        """Return what all orders of one home were promised together."""
        used = NOTHING
        for place, reservation in self.reservations.items():
            if place.home == home:
                used = used.plus(reservation.demand.total)
        return used

    def counted(self, home: str) -> tuple[str, ...]:
        """Return the UIDs of that home's orders that hold a promise, sorted."""
        return tuple(
            sorted(
                reservation.order_uid
                for place, reservation in self.reservations.items()
                if place.home == home
            )
        )
