"""The live state as it is served: signed once a second at most, however often it is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from modelbond.ports.process import Clock
from modelbond.settlement.units import Address, LeaseId, address
from modelbond.sla.live import Live, Sighting
from modelbond.sla.vector import watcher_domain
from modelbond.watcher.pen import TypedKey

_FRESH_SECONDS = 1.0

Sightings = Callable[[], Mapping[LeaseId, Sighting]]
"""Returns the last probe of each endpoint."""


class LiveState:
    """Signs what the prober saw last. It stands for nothing in a report, so no record holds it."""

    def __init__(
        self, key: TypedKey, *, sightings: Sightings, chain_id: int, tower: Address, clock: Clock
    ) -> None:
        self._key = key
        self._sightings = sightings
        self._domain = watcher_domain(chain_id=chain_id, tower=tower)
        self._clock = clock
        self._text, self._made_at = "", float("-inf")

    def __call__(self) -> str:
        """Return the signed text."""
        now = self._clock.monotonic()
        if now - self._made_at >= _FRESH_SECONDS:
            live = Live(
                watcher=address(self._key.address),
                time=int(self._clock.now().timestamp()),
                endpoints=dict(self._sightings()),
            )
            signature = self._key.sign_typed(live.typed_data(self._domain))
            self._text, self._made_at = replace(live, signature=signature).text, now
        return self._text
