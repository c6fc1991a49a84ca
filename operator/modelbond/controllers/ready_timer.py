"""How long placements take to become ready, from one status of a deployment to the next."""

from modelbond.api.kinds import Json
from modelbond.ports.process import Clock, HomeMeter

_Placement = tuple[str, int]


class ReadyTimer:
    """Times what this process saw being placed; what was there before it began is not told."""

    def __init__(self, *, meter: HomeMeter, clock: Clock) -> None:
        self._meter = meter
        self._clock = clock
        self._placed: dict[str, dict[_Placement, float]] = {}

    def forget(self, key: str) -> None:
        """Drop the placements of a deployment that is gone."""
        self._placed.pop(key, None)

    def saw(self, key: str, *, before: Json, after: Json) -> None:
        """Start for each new placement, and tell each that is ready for the first time."""
        was, now = _reasons(before), _reasons(after)
        running = self._placed.get(key, {})
        started = {each: self._clock.monotonic() for each in now if each not in was}
        waiting = {each: since for each, since in {**running, **started}.items() if each in now}
        for each in [each for each in waiting if now[each] == "Ready"]:
            self._meter.ready_after(self._clock.monotonic() - waiting.pop(each))
        self._placed[key] = waiting


def _reasons(status: Json) -> dict[_Placement, str]:
    told = status.get("placements") or ()
    return {(each["host"], each["epoch"]): str(each.get("reason")) for each in told}
