"""An answer at the slowest pace that a server may have, in head, content and trailers alike."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPResponse
from typing import Any

from requests import Response

from modelbond.adapters.fetch_volume import CHUNK_BYTES
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of a server: its head is here, its content still comes."""

    response: Response
    pacer: Pacer

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self.response.status_code

    @property
    def length_bytes(self) -> int:
        """Return the length that the server announces; 0 where it does not."""
        return self.response.raw.length_remaining or 0

    def header(self, name: str) -> str:
        """Return the header's value; empty where there is none."""
        return self.response.headers.get(name, "")

    def chunks(self) -> Iterator[bytes]:
        """Yield the content as it comes, bytes as the server holds them."""
        while chunk := self.response.raw.read1(CHUNK_BYTES, decode_content=False):
            self.pacer.add(len(chunk))
            yield chunk


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
