"""Evidence as files under their hash: what this watcher signed, and what it builds on."""

import logging
import os
import re
from collections.abc import Container
from pathlib import Path

from modelbond.settlement.units import Digest, FrameIndex
from modelbond.sla.evidence import Evidence
from modelbond.sla.text import text_hash

_log = logging.getLogger(__name__)

_NAME = re.compile(r"(?P<frame>\d{1,13})-(?P<hash>[0-9a-f]{64})\.json")


class EvidenceStore:
    """A folder. A file is there whole or not at all, and on the disk when `keep` returns."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._frames: dict[Digest, FrameIndex] = {}
        for path in folder.iterdir():
            name = _NAME.fullmatch(path.name)
            if name:
                self._frames[Digest(bytes.fromhex(name["hash"]))] = FrameIndex(int(name["frame"]))
            elif path.suffix == ".part":
                path.unlink()

    def __contains__(self, data_hash: Digest) -> bool:
        return data_hash in self._frames

    def keep(self, evidence: Evidence) -> None:
        """Write the evidence down; twice is once."""
        frame, data_hash = evidence.inputs.frame, evidence.hash
        if data_hash in self._frames:
            return
        path = self._path(data_hash, frame)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(evidence.text.encode())
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        self._sync_folder()
        self._frames[data_hash] = frame

    def text(self, data_hash: Digest) -> str | None:
        """Return the text of that hash, or None: what the disk spoiled is not there."""
        frame = self._frames.get(data_hash)
        if frame is None:
            return None
        try:
            text = self._path(data_hash, frame).read_bytes().decode()
        except (OSError, UnicodeDecodeError) as failure:
            self._lose(data_hash, type(failure).__name__)
            return None
        if text_hash(text) != data_hash:
            self._lose(data_hash, "another text")
            return None
        return text

    def prune(self, *, before: FrameIndex, keep: Container[Digest] = ()) -> None:
        """Remove the evidence of frames before that one, but what shall be kept."""
        old = [one for one, frame in self._frames.items() if frame < before and one not in keep]
        for data_hash in old:
            self._path(data_hash, self._frames.pop(data_hash)).unlink(missing_ok=True)

    def _lose(self, data_hash: Digest, why: str) -> None:
        _log.error("evidence is lost", extra={"hash": data_hash.hex(), "reason": why})
        del self._frames[data_hash]

    def _path(self, data_hash: Digest, frame: FrameIndex) -> Path:
        return self._folder / f"{frame}-{data_hash.hex()}.json"

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
