"""The later of two looks at an object: what a cache holds, and what our own write returned."""

from modelbond.api.kinds import Json


class Freshest:
    """Remembers results of our writes until the cache has caught up with them."""

    def __init__(self) -> None:
        self._written: dict[str, Json] = {}

    def wrote(self, key: str, obj: Json) -> None:
        """Remember what a write of ours returned."""
        self._written[key] = obj

    def forget(self, key: str) -> None:
        """Drop what is remembered of an object that is gone."""
        self._written.pop(key, None)

    def is_ahead(self, key: str) -> bool:
        """Tell whether a write of ours is remembered that no cache has confirmed."""
        return key in self._written

    def of(self, key: str, cached: Json | None) -> Json | None:
        """Return the later one; a cache that has caught up wins from then on."""
        written = self._written.get(key)
        if written is None or cached is None:
            return cached
        if _uid(cached) != _uid(written) or _version(cached) >= _version(written):
            self.forget(key)
            return cached
        return written


def _uid(obj: Json) -> object:
    return obj["metadata"].get("uid")


def _version(obj: Json) -> int:
    text = str(obj["metadata"].get("resourceVersion", "0"))
    return int(text) if text.isdecimal() else 0
