"""One file over HTTP into one part file: hashed while it comes, resumed where it broke off."""

from collections.abc import Callable
from dataclasses import dataclass

from modelbond.adapters.fetch_http import CheckedHttp
from modelbond.adapters.fetch_pace import Answer
from modelbond.adapters.fetch_volume import PartFile
from modelbond.fetching.failures import SourceTrouble, WrongBytes, WrongSize


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
    _validator: str = ""
    _pieced: bool = False

    def __post_init__(self) -> None:
        self._pieced = self.part.size > 0

    def advance(self) -> None:
        """Get the rest of the file; returns when its hash is right, raises SourceTrouble."""
        if self.part.sha256 != self.sha256:
            with self.http.get(self.url, headers=self._range()) as answer:
                self._place(answer)
                self._receive(answer)
        self._check()

    def _range(self) -> dict[str, str]:
        if self.part.size == 0:
            return {}
        validator = {"If-Range": self._validator} if self._validator else {}
        return {"Range": f"bytes={self.part.size}-", **validator}

    def _place(self, answer: Answer) -> None:
        """Make the part file end where the answer begins."""
        begins = answer.header("Content-Range").startswith(f"bytes {self.part.size}-")
        if answer.status == 206 and begins:
            self._pieced = True
            return
        self._restart()
        if answer.status != 200:
            raise SourceTrouble("the server cannot resume", retriable=True)
        tag = answer.header("ETag")
        # A weak tag does not promise equal bytes.
        self._validator = tag if tag.startswith('"') else answer.header("Last-Modified")

    def _receive(self, answer: Answer) -> None:
        self._check_limit(self.part.size + answer.length_bytes)
        for chunk in answer.chunks():
            self._check_limit(self.part.size + len(chunk))
            self.part.append(chunk)
            self.on_bytes(self.part.size)

    def _check_limit(self, size: int) -> None:
        if size > self.limit_bytes:
            self._restart()
            raise WrongSize(
                f"a file is larger than the {self.limit_bytes} bytes that spec.model.size leaves it"
            )

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
        self._validator = ""
        self.on_bytes(0)
