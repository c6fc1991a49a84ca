"""Where a file of a model lies on a source."""

from urllib.parse import quote

from modelbond.errors import Refused
from modelbond.fetching.source_policy import split_url


def file_url(source: str, path: str) -> str:
    """Return the URL of a listed file in the folder that a source names."""
    if split_url(source).query:
        raise Refused("a source names a folder, so its URL has no query")
    return f"{source.rstrip('/')}/{quote(path)}"
