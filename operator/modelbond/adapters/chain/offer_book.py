"""The offers that a host signed, a file each beside its ledger: implements ports.OfferBook."""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

from modelbond.errors import Refused
from modelbond.settlement.offer import Offer
from modelbond.settlement.units import LeaseId
from modelbond.sla.terms import offer_of, offer_values
from modelbond.sla.text import canonical

_ENDING = ".json"


class OfferFolder:
    """One folder for one key on one chain."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def keep(self, lease: LeaseId, offer: Offer) -> None:
        """Write an offer down; it is on the disk when this returns."""
        await asyncio.to_thread(self._write, lease, canonical(offer_values(offer)))

    async def kept(self) -> Mapping[LeaseId, Offer]:
        """Return all offers; Refused names a file that is none, as money may hang on it."""
        return await asyncio.to_thread(self._read)

    async def drop(self, lease: LeaseId) -> None:
        """Forget an offer."""
        await asyncio.to_thread(self._path(lease).unlink, missing_ok=True)

    def _path(self, lease: LeaseId) -> Path:
        return self._folder / f"{lease.hex()}{_ENDING}"

    def _write(self, lease: LeaseId, text: str) -> None:
        path = self._path(lease)
        fresh = path.with_suffix(".new")
        with fresh.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _read(self) -> dict[LeaseId, Offer]:
        found = {}
        for path in sorted(self._folder.glob(f"*{_ENDING}")):
            try:
                offer = offer_of(json.loads(path.read_text()))
                found[LeaseId(bytes.fromhex(path.stem))] = offer
            except (OSError, ValueError, Refused) as failure:
                raise Refused(f"{path}: it holds no offer: {failure}") from failure
        return found
