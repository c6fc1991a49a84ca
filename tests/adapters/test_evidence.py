"""The data behind reports is taken from whoever has it, and believed by its hash alone."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from modelbond.adapters import evidence
from modelbond.adapters.evidence import HttpEvidence
from modelbond.settlement.units import Digest
from modelbond.sla.text import hexed, text_hash

TEXT = '{"frame":1}'
HASH = text_hash(TEXT)


class Watcher:
    """Serves what a test puts there under each path."""

    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.path not in self.texts:
            raise web.HTTPNotFound
        return web.Response(body=self.texts[request.path])


@pytest.fixture
async def watchers() -> AsyncIterator[tuple[Watcher, Watcher]]:
    made, runners = (Watcher(), Watcher()), []
    for watcher in made:
        app = web.Application()
        app.router.add_get("/{path:.*}", watcher.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        watcher.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        runners.append(runner)
    yield made
    for runner in runners:
        await runner.cleanup()


def path(data_hash: Digest = HASH) -> str:
    return f"/v1/evidence/{hexed(data_hash)}"


async def test_the_first_watcher_that_has_the_text_is_enough(
    watchers: tuple[Watcher, Watcher],
) -> None:
    first, second = watchers
    second.texts[path()] = TEXT.encode()
    found = await HttpEvidence([first.url, second.url]).fetch(HASH)
    assert found == TEXT
    assert (first.asked, second.asked) == ([path()], [path()])


async def test_what_has_another_hash_is_passed_over(watchers: tuple[Watcher, Watcher]) -> None:
    first, second = watchers
    first.texts[path()] = b'{"frame":2}'
    second.texts[path()] = TEXT.encode()
    assert await HttpEvidence([first.url, second.url]).fetch(HASH) == TEXT
    second.texts[path()] = b"\xff"
    assert await HttpEvidence([first.url, second.url]).fetch(HASH) is None


async def test_a_watcher_that_is_gone_or_sends_too_much_is_passed_over(
    watchers: tuple[Watcher, Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = watchers
    gone = "http://127.0.0.1:9"
    first.texts[path()] = TEXT.encode() * 10
    second.texts[path()] = TEXT.encode()
    monkeypatch.setattr(evidence, "LONGEST_BYTES", len(TEXT))
    assert await HttpEvidence([gone, first.url, second.url]).fetch(HASH) == TEXT


async def test_where_no_watcher_is_named_nothing_is_known() -> None:
    assert await HttpEvidence([]).fetch(HASH) is None
