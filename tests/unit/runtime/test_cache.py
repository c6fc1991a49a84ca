"""The cache believes kopf's events, but never raises the dead."""

from modelbond.api.kinds import Json
from modelbond.runtime.cache import Cache


def thing(name: str, *, uid: str, version: str = "1") -> Json:
    metadata = {"namespace": "models", "name": name, "uid": uid, "resourceVersion": version}
    return {"metadata": {**metadata, "managedFields": [{"manager": "kubectl"}]}}


def test_an_object_is_kept_under_its_key_without_managed_fields() -> None:
    cache = Cache()

    assert cache.notice(thing("a", uid="1"), deleted=False)

    assert "managedFields" not in cache.objects()["models/a"]["metadata"]


def test_the_view_is_live() -> None:
    cache = Cache()
    view = cache.objects()

    cache.notice(thing("a", uid="1"), deleted=False)

    assert list(view) == ["models/a"]


def test_the_same_version_twice_is_no_news() -> None:
    cache = Cache()
    cache.notice(thing("a", uid="1"), deleted=False)

    assert not cache.notice(thing("a", uid="1"), deleted=False)
    assert cache.notice(thing("a", uid="1", version="2"), deleted=False)


def test_a_deleted_object_is_gone_and_a_late_event_does_not_bring_it_back() -> None:
    cache = Cache()
    cache.notice(thing("a", uid="1"), deleted=False)

    assert cache.notice(thing("a", uid="1", version="3"), deleted=True)
    assert not cache.notice(thing("a", uid="1", version="2"), deleted=False)

    assert not cache.objects()


def test_the_late_deletion_of_a_former_object_leaves_its_successor() -> None:
    cache = Cache()
    cache.notice(thing("a", uid="2", version="5"), deleted=False)

    cache.notice(thing("a", uid="1", version="4"), deleted=True)

    assert cache.objects()["models/a"]["metadata"]["uid"] == "2"


def test_an_object_is_known_alive_and_gone_but_not_before_it_was_seen() -> None:
    cache = Cache()
    assert not cache.knows(thing("a", uid="1"))

    cache.notice(thing("a", uid="1"), deleted=False)
    assert cache.knows(thing("a", uid="1", version="9"))
    assert not cache.knows(thing("a", uid="2"))

    cache.notice(thing("a", uid="1"), deleted=True)
    assert cache.knows(thing("a", uid="1"))


def test_only_so_many_dead_are_remembered() -> None:
    cache = Cache()
    for number in range(10_001):
        cache.notice(thing("a", uid=str(number)), deleted=True)

    assert not cache.knows(thing("a", uid="0"))
    assert cache.knows(thing("a", uid="10000"))


def test_an_index_follows_every_change() -> None:
    cache = Cache()
    cache.notice(thing("a", uid="1"), deleted=False)
    by_owner = cache.index(lambda obj: (obj["metadata"].get("labels") or {}).get("owner"))
    assert dict(by_owner) == {}, "what has no such word is left out"

    owned = thing("a", uid="1", version="2")
    owned["metadata"]["labels"] = {"owner": "x"}
    cache.notice(owned, deleted=False)
    cache.notice(
        {**owned, "metadata": {**owned["metadata"], "name": "b", "uid": "2"}}, deleted=False
    )
    assert {word: sorted(objects) for word, objects in by_owner.items()} == {
        "x": ["models/a", "models/b"]
    }
    assert {*cache.index(lambda obj: str(obj["metadata"]["name"]))} == {"a", "b"}

    moved = thing("a", uid="1", version="3")
    moved["metadata"]["labels"] = {"owner": "y"}
    cache.notice(moved, deleted=False)
    cache.notice(moved, deleted=True)
    assert {word: [*objects] for word, objects in by_owner.items()} == {"x": ["models/b"]}
