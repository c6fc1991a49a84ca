"""The positive control: the own echo, peers, and the loop's own absences."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from fakes import endpoint as fake
from fakes.polling import until
from fakes.ports import FakeClock
from modelbond.runtime.clock import SystemClock
from modelbond.watcher import echo
from modelbond.watcher.control import Check, Control, Peers
from modelbond.watcher.probe import Probes
from modelbond.watcher.stalls import Stalls


def answering(answers: str) -> Check:
    """Return a check that gives these answers (y, n) in turn, and the last for ever."""
    left = list(answers)

    async def check() -> bool:
        return (left.pop(0) if len(left) > 1 else left[0]) == "y"

    return check


async def hanging() -> bool:
    """Never answer."""
    await asyncio.Event().wait()
    return True


async def raising() -> bool:
    """Fail loudly."""
    raise OSError("no network")


async def passed(*, echo: Check, peers: tuple[Check, ...] = ()) -> bool:
    control = Control(clock=FakeClock(), echo=echo, peers=peers)
    await control.round(deadline_seconds=0.1)
    return control.ok_since(0)


YES, NO = answering("y"), answering("n")


async def test_echo_and_one_peer_are_enough_and_both_are_needed() -> None:
    assert await passed(echo=YES)
    assert await passed(echo=YES, peers=(YES,))
    assert await passed(echo=YES, peers=(NO, YES))
    assert not await passed(echo=NO)
    assert not await passed(echo=NO, peers=(YES,))
    assert not await passed(echo=YES, peers=(NO, NO))


async def test_a_peer_that_hangs_or_fails_is_a_peer_that_did_not_answer() -> None:
    for broken in (hanging, raising):
        assert not await passed(echo=YES, peers=(broken,))
        assert await passed(echo=YES, peers=(broken, YES))


async def test_one_lost_answer_is_asked_for_again() -> None:
    assert await passed(echo=answering("ny"))
    assert not await passed(echo=answering("nny"))


async def test_a_failed_round_spoils_what_began_before_it_and_nothing_after() -> None:
    clock = FakeClock()
    control = Control(clock=clock, echo=answering("ynny"))
    assert not control.ok_since(clock.monotonic())
    for right in (True, False, True):
        began = clock.monotonic()
        await control.round(deadline_seconds=1)
        clock.pass_by(1)
        assert control.ok_since(began) is right
    assert not control.ok_since(1000.0)
    assert not control.ok_since(clock.monotonic())


@pytest.fixture
async def peer() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/v1/status", fake.status(200))
    app.router.add_get("/broken", fake.status(500))
    app.router.add_get("/moved", fake.status(302, {"Location": "/v1/status"}))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    tls = echo.fresh_identity().tls
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_peer_answers_where_its_status_page_does(peer: str) -> None:
    async with Peers([f"{peer}/v1/status", f"{peer}/broken", f"{peer}/moved"]) as peers:
        assert [await check() for check in peers.checks()] == [True, False, False]


async def test_a_peer_that_is_gone_fails_the_control() -> None:
    async with Peers(["https://127.0.0.1:9/v1/status"]) as peers:
        assert not await passed(echo=YES, peers=tuple(peers.checks()))


async def test_the_own_echo_is_probed_as_a_target_is() -> None:
    clock = SystemClock()
    identity = echo.fresh_identity()
    async with Probes(guard=echo.OwnEchoOnly(), clock=clock, stalls=Stalls(clock)) as probes:
        async with echo.serving(identity) as port:
            check = echo.echo_check(probes, echo.echo_target(identity.public_key, port=port))
            assert await check()
        assert not await check()


async def test_the_echos_guard_lets_nothing_else_through() -> None:
    clock = SystemClock()
    async with Probes(guard=echo.OwnEchoOnly(), clock=clock, stalls=Stalls(clock)) as probes:
        target = echo.echo_target(bytes(32), port=9)
        other = fake.replace(target, place=fake.Place(host="203.0.113.7", port=9))
        assert (await probes.probe(other, echo.CANARY)).reason.value == "forbidden_address"


async def test_time_in_which_the_loop_was_away_is_counted() -> None:
    stalls = Stalls(SystemClock())
    task = asyncio.create_task(stalls.run())
    await asyncio.sleep(0)
    before = stalls.seconds
    time.sleep(0.3)  # noqa: ASYNC251 - this is the stall
    during = stalls.seconds
    assert during - before >= 0.25
    await until(lambda: stalls.seconds > during or task.done())
    assert stalls.seconds >= during
    task.cancel()
