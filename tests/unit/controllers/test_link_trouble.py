"""A link in trouble: what goes on all the same, and how often the home is asked again."""

import pytest

from fakes.host_world import AT_HOME, HOME, SYSTEM, HostWorld, again, joined, jwt, serving
from modelbond.api.kinds import CONFIG_MAP, SECRET
from modelbond.controllers.link import Link
from modelbond.controllers.link_patience import Patience
from modelbond.errors import ApiUnreachable, Forbidden


def link_of(world: HostWorld) -> Link:
    return world.home_clusters.links[HOME]


async def without_report(world: HostWorld) -> None:
    world.home.stored.pop((CONFIG_MAP.plural, f"{AT_HOME}/host-report"))
    world.change_home(endpoint={"addresses": ["192.0.2.1"]}, state="Cordoned")
    await world.settle()
    await link_of(world).publish()
    await world.settle()
    assert world.home_reason("Connected") == "False/RightsMissing"


async def test_orders_are_answered_although_the_report_cannot_be_written() -> None:
    world = await serving()
    await without_report(world)
    world.order(replicas=0)
    await again(world)
    assert world.reason("Ready") == "False/Paused"


async def test_a_home_that_answers_again_is_told_all_although_its_report_is_still_missing() -> None:
    world = await serving()
    await without_report(world)
    world.home.fail(ApiUnreachable("no route"), verb="merge", times=1)
    await link_of(world).beat()
    world.order(replicas=0)
    await again(world)
    assert world.reason("Ready") == "True/Ready", "a silent home is not waited for"
    await link_of(world).beat()
    await world.settle()
    assert world.reason("Ready") == "False/Paused"
    assert world.home_reason("Connected") == "False/RightsMissing"


async def test_no_token_is_asked_for_that_could_not_be_kept() -> None:
    world = HostWorld()
    foreign = {"metadata": {"name": f"link-{HOME}", "namespace": SYSTEM}, "data": {}}
    world.local.put(SECRET, foreign)
    world.join()
    await world.settle()
    assert world.home.tokens == 0
    assert world.home_reason("Connected") == "False/Unreachable"


class Waits:
    """Sleeps without time, and lays another invitation after so many sleeps."""

    def __init__(self, *, news_after: int | None = None) -> None:
        self.slept: list[float] = []
        self._news_after = news_after
        self.patience = Patience(wait=lambda tries: 3.0 * tries, news=self.news, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def news(self) -> str:
        return "another" if len(self.slept) == self._news_after else "first"

    async def rested(self) -> float:
        """Return how long the rest took in all."""
        self.slept.clear()
        await self.patience.rest()
        return sum(self.slept)


async def test_a_home_that_refuses_is_asked_ever_later_and_soon_once_it_worked() -> None:
    waits = Waits()
    rests = []
    for _ in range(3):
        await waits.patience.tries()
        rests.append(await waits.rested())
    waits.patience.worked()
    assert [*rests, await waits.rested()] == [3.0, 6.0, 9.0, 2.0]


async def test_another_invitation_is_used_at_once() -> None:
    waits = Waits(news_after=2)
    for _ in range(9):
        await waits.patience.tries()
    assert await waits.rested() == 4.0
    assert await waits.rested() == 2.0


async def test_an_own_server_that_fails_is_no_news() -> None:
    async def refuse() -> str:
        raise Forbidden("may not read secrets")

    waits = Waits()
    waits.patience = Patience(wait=lambda _: 3.0, news=refuse, sleep=waits.sleep)
    await waits.patience.tries()
    assert await waits.rested() == 3.0


@pytest.mark.parametrize("token", [jwt(issued=5), None])
async def test_only_another_invitation_is_news(token: str | None) -> None:
    world = await joined()
    credentials, terms = link_of(world)._credentials, link_of(world).terms
    before = await credentials.invitation_version(terms)
    if token:
        world.invite(token=token)
    assert (await credentials.invitation_version(terms) != before) is bool(token)
