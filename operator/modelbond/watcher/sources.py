"""Where targets come from, as the configuration names it."""

from dataclasses import dataclass, field
from pathlib import Path

from modelbond.adapters.connections import connect
from modelbond.errors import Refused
from modelbond.ports.cluster import KubeApi
from modelbond.watcher.config import WatcherConfig
from modelbond.watcher.targets import Source

_FACTS = ("server", "ca", "token")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """The API server of a home, and the facts by which it was opened."""

    facts: tuple[str, ...] = field(repr=False)  # the token is among them
    api: KubeApi


class InvitedHome:
    """Implements targets.Door by an invitation's files: a new invitation is a new way."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._way: _Way | None = None

    async def open(self) -> KubeApi:
        """Return the home's API server; Refused names the file that is missing or wrong."""
        facts = self._facts()
        if self._way is None or self._way.facts != facts:
            await self.close()
            server, ca_pem, token = facts
            self._way = _Way(facts=facts, api=connect(server=server, ca_pem=ca_pem, token=token))
        return self._way.api

    async def close(self) -> None:
        """Close what is open."""
        way, self._way = self._way, None
        if way is not None:
            await way.api.close()

    def _facts(self) -> tuple[str, ...]:
        try:
            return tuple((self._folder / name).read_text().strip() for name in _FACTS)
        except (OSError, UnicodeDecodeError) as failure:
            raise Refused(f"invitation {self._folder}: {failure}") from failure


def sources_of(config: WatcherConfig, *, folder: Path) -> list[Source]:
    """Return all sources; what homes show is kept below the folder."""
    homes = [
        Source(name=one.name, folder=folder / one.name, door=InvitedHome(Path(one.invitation)))
        for one in config.homes
    ]
    return homes + [Source(name=one.name, folder=Path(one.folder)) for one in config.folders]
