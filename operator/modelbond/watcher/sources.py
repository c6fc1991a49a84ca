"""Where targets come from, as the configuration names it."""

from pathlib import Path

from modelbond.adapters.connections import connect
from modelbond.errors import Refused
from modelbond.watcher.config import HomeSource, WatcherConfig
from modelbond.watcher.targets import Source


def sources_of(config: WatcherConfig, *, folder: Path) -> list[Source]:
    """Return all sources; what homes show is kept below the folder."""
    homes = [_home(one, folder=folder) for one in config.homes]
    return homes + [Source(name=one.name, folder=Path(one.folder)) for one in config.folders]


def _home(source: HomeSource, *, folder: Path) -> Source:
    try:
        ca_pem, token = (Path(one).read_text() for one in (source.ca_file, source.token_file))
    except (OSError, UnicodeDecodeError) as failure:
        raise Refused(f"homes: {source.name}: {failure}") from failure
    api = connect(server=source.server, ca_pem=ca_pem, token=token.strip())
    return Source(name=source.name, folder=folder / source.name, api=api)
