"""One file over HTTP into one part file: hashed while it comes, resumed where it broke off."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from requests import Response

from modelbond.adapters.fetch_http import CheckedHttp
from modelbond.adapters.fetch_volume import CHUNK_BYTES, PartFile
from modelbond.fetching.failures import SourceTrouble, WrongBytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The slowest that a server may be: `bytes` in each window of `seconds`."""

    seconds: float = 60.0
    bytes: int = 64 * 1024


@dataclass(slots=True, kw_only=True)
class Download:
    """One file of one source. `advance` goes on where the last call broke off.

    `limit_bytes` bounds the file; `on_bytes` is told the file's size at each step.
    """

    http: CheckedHttp
    url: str
    part: PartFile
    sha256: str
    limit_bytes: int
    on_bytes: Callable[[int], None]
    monotonic: Callable[[], float]
    pace: Pace
    _validator: str | None = None
    _pieced: bool = False

    def __post_init__(self) -> None:
        self._pieced = self.part.size > 0

    def advance(self) -> None:
        """Get the rest of the file; returns when its hash is right, raises SourceTrouble."""
        if self.part.sha256 != self.sha256:
            with self.http.get(self.url, headers=self._range()) as response:
                self._place(response)
                self._receive(response)
        self._check()

    def _range(self) -> dict[str, str]:
        if self.part.size == 0:
            return {}
        validator = {"If-Range": self._validator} if self._validator else {}
        return {"Range": f"bytes={self.part.size}-", **validator}

    def _place(self, response: Response) -> None:
        """Make the part file end where the answer begins."""
        begins = response.headers.get("Content-Range", "").startswith(f"bytes {self.part.size}-")
        if response.status_code == 206 and begins:
            self._pieced = True
            return
        self._restart()
        if response.status_code != 200:
            raise SourceTrouble("the server cannot resume", retriable=True)
        tag = response.headers.get("ETag", "")
        # A weak tag does not promise equal bytes.
        self._validator = tag if tag.startswith('"') else response.headers.get("Last-Modified")

    def _receive(self, response: Response) -> None:
        self._check_limit(self.part.size + (response.raw.length_remaining or 0))
        for chunk in self._chunks(response):
            self._check_limit(self.part.size + len(chunk))
            self.part.append(chunk)
            self.on_bytes(self.part.size)

    def _chunks(self, response: Response) -> Iterator[bytes]:
        """Yield what comes as it comes; a server that only drips is given up like a silent one."""
        since, got = self.monotonic(), 0
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=False):
            yield chunk
            got += len(chunk)
            elapsed = self.monotonic() - since
            if elapsed >= self.pace.seconds:
                if got < self.pace.bytes:
                    raise SourceTrouble("the server stalls", retriable=True)
                since, got = self.monotonic(), 0

    def _check_limit(self, size: int) -> None:
        if size > self.limit_bytes:
            self._restart()
            raise WrongBytes("a file is larger than the model's size")

    def _check(self) -> None:
        if self.part.sha256 == self.sha256:
            return
        pieced = self._pieced
        self._restart()
        if pieced:
            # The first bytes may be another source's, or a crashed process's: ask for the whole.
            raise SourceTrouble("the pieces of a file do not fit", retriable=True)
        raise WrongBytes("a file's sha256 is another")

    def _restart(self) -> None:
        self.part.restart()
        self._pieced = False
        self._validator = None
        self.on_bytes(0)
