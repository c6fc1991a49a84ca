"""The last seen state of one kind, fed by kopf's events; what is gone stays gone."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MappingProxyType

from modelbond.api.kinds import Json, key_of

_REMEMBERED_GONE = 10_000


def slim(obj: Json) -> Json:
    """Return the object without managedFields, which nobody here reads."""
    metadata = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    return {**obj, "metadata": metadata}


class _Index:
    """The objects that have the same word, by that word and then by key."""

    def __init__(self, word_of: Callable[[Json], str | None]) -> None:
        self._word_of = word_of
        self.objects: dict[str, dict[str, Json]] = {}

    def put(self, key: str, obj: Json) -> None:
        word = self._word_of(obj)
        if word is not None:
            self.objects.setdefault(word, {})[key] = obj

    def drop(self, key: str, obj: Json) -> None:
        word = self._word_of(obj)
        if word is not None:
            del self.objects[word][key]
            if not self.objects[word]:
                del self.objects[word]


class Cache:
    """Objects by `namespace/name`. A UID that was deleted is never believed again."""

    def __init__(self) -> None:
        self._objects: dict[str, Json] = {}
        self._view = MappingProxyType(self._objects)
        self._indexes: list[_Index] = []
        self._gone: OrderedDict[str, None] = OrderedDict()

    def objects(self) -> Mapping[str, Json]:
        """Return a live, read-only view."""
        return self._view

    def index(self, word_of: Callable[[Json], str | None]) -> Mapping[str, Mapping[str, Json]]:
        """Return a live, read-only view by a word of each object; without one it is left out."""
        index = _Index(word_of)
        for key, obj in self._objects.items():
            index.put(key, obj)
        self._indexes.append(index)
        return MappingProxyType(index.objects)

    def notice(self, obj: Json, *, deleted: bool) -> bool:
        """Remember what an event says; return whether it is news."""
        key, uid = key_of(obj), str(obj["metadata"].get("uid", ""))
        known = self._objects.get(key)
        if deleted:
            self._bury(uid)
            if known is not None and known["metadata"].get("uid", "") == uid:
                self._replace(key, known, None)
            return True
        if self.is_current(obj):
            return False
        self._replace(key, known, slim(obj))
        return True

    def knows(self, obj: Json) -> bool:
        """Tell whether that very object, in whatever version, was seen here, alive or gone."""
        uid = obj["metadata"].get("uid", "")
        known = self._objects.get(key_of(obj))
        return uid in self._gone or (known is not None and known["metadata"].get("uid") == uid)

    def is_current(self, obj: Json) -> bool:
        """Tell whether that version is the last that was seen here, or the object is gone."""
        known = self._objects.get(key_of(obj))
        gone = obj["metadata"].get("uid", "") in self._gone
        return gone or (known is not None and _same_version(known, obj))

    def _replace(self, key: str, old: Json | None, new: Json | None) -> None:
        if new is not None:
            self._objects[key] = new
        else:
            del self._objects[key]
        for index in self._indexes:
            if old is not None:
                index.drop(key, old)
            if new is not None:
                index.put(key, new)

    def _bury(self, uid: str) -> None:
        self._gone[uid] = None
        if len(self._gone) > _REMEMBERED_GONE:
            self._gone.popitem(last=False)


def _same_version(known: Json, obj: Json) -> bool:
    names = ("uid", "resourceVersion")
    return all(known["metadata"].get(name) == obj["metadata"].get(name) for name in names)
