"""The slowest that a server may be, held at its socket: in head, content and trailers alike."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPResponse
from typing import Any

from modelbond.fetching.failures import SourceTrouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a server has to bring in each window of `seconds`: so many `bytes` of content."""

    seconds: float = 60.0
    bytes: int = 64 * 1024


@dataclass(slots=True, kw_only=True)
class Pacer:
    """Measures one answer. Only content counts, so a long head or trailer is a stall as well."""

    pace: Pace
    monotonic: Callable[[], float]
    _since: float = field(init=False)
    _got: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._since = self.monotonic()

    def add(self, size: int) -> None:
        """Count so many bytes of content."""
        self._got += size

    def check(self) -> None:
        """Raise SourceTrouble at the end of a window that brought too little."""
        if self.monotonic() - self._since < self.pace.seconds:
            return
        if self._got < self.pace.bytes:
            raise SourceTrouble("the server stalls", retriable=True)
        self._since, self._got = self.monotonic(), 0


def paced(connection_class: type[Any], *, pacer: Pacer) -> type[Any]:
    """Return the class of connections whose answers are read at that pace."""
    answer = partial(_PacedAnswer, pacer=pacer)
    return type(connection_class.__name__, (connection_class,), {"response_class": answer})


class _PacedAnswer(HTTPResponse):
    def __init__(self, sock: Any, *, pacer: Pacer, **rest: Any) -> None:
        super().__init__(sock, **rest)
        # Each wait for the socket is bounded already; what is checked is their sum.
        self.fp = io.BufferedReader(_PacedSocket(self.fp.detach(), pacer=pacer))


class _PacedSocket(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, *, pacer: Pacer) -> None:
        super().__init__()
        self._raw = raw
        self._pacer = pacer

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._pacer.check()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
