"""What a watcher serves: boards, evidence, status and live state, to anybody, and nothing else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fakes.clocks import ManualClock
from fakes.exchanged import CHAIN_ID, SEALS, TABLE, vector
from fakes.frames import FRAME, HOUR, LEASE, TOWER, inputs
from fakes.watchers import keys
from modelbond.adapters.chain.signatures import signer_of
from modelbond.settlement.units import address
from modelbond.sla.evidence_text import evidence
from modelbond.sla.live import Sighting, live_of
from modelbond.sla.page_text import page_of
from modelbond.sla.tally import tally
from modelbond.sla.text import hexed
from modelbond.sla.vector import watcher_domain
from modelbond.watcher.board import Boards
from modelbond.watcher.board_store import BoardStore
from modelbond.watcher.evidence_store import EvidenceStore
from modelbond.watcher.exchange_server import ExchangeServer
from modelbond.watcher.live import LiveState

SAID = inputs(["g" * 60])
EVIDENCE = evidence(SAID, tally(SAID))
KEY = keys()[0]


@dataclass(slots=True, kw_only=True)
class Served:
    """A server, with what stands behind it, and a client."""

    server: ExchangeServer
    boards: Boards
    clock: ManualClock
    session: aiohttp.ClientSession

    async def get(self, path: str, **headers: str) -> tuple[int, str, str]:
        """Return status, body and tag."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://127.0.0.1:{self.server.port}{path}"
        async with self.session.get(url, headers=names) as response:
            return response.status, await response.text(), response.headers.get("ETag", "")


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    clock = ManualClock(1_800_000_000)
    store = BoardStore(tmp_path / "board.sqlite")
    boards = Boards(frame_seconds=HOUR, seals=SEALS, store=store, clock=clock)
    boards.begin(FRAME, TABLE)
    kept = EvidenceStore(tmp_path / "evidence")
    kept.keep(EVIDENCE)
    live = LiveState(
        KEY,
        sightings=lambda: {LEASE: Sighting(passed=True, at=int(clock.time))},
        chain_id=CHAIN_ID,
        tower=TOWER,
        clock=clock,
    )
    server = ExchangeServer(
        boards=boards, evidence=kept, status=status, live=live, host="127.0.0.1", port=0
    )
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield Served(server=server, boards=boards, clock=clock, session=session)
    await server.close()


def status() -> dict[str, Any]:
    return {"signing": "ok"}


async def test_a_frames_board_is_served_and_not_again_while_it_is_the_same(served: Served) -> None:
    served.boards.publish(FRAME, vector(0))
    code, text, tag = await served.get(f"/v1/frames/{FRAME}")
    assert (code, page_of(text).vectors) == (200, (vector(0),))
    assert await served.get(f"/v1/frames/{FRAME}", If_None_Match=tag) == (304, "", tag)
    served.boards.publish(FRAME, vector(1))
    code, text, other = await served.get(f"/v1/frames/{FRAME}", If_None_Match=tag)
    assert (code, len(page_of(text).vectors)) == (200, 2)
    assert other != tag


async def test_evidence_is_served_by_its_hash(served: Served) -> None:
    assert (await served.get(f"/v1/evidence/{hexed(EVIDENCE.hash)}"))[:2] == (200, EVIDENCE.text)


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/frames/{FRAME + 1}",
        "/v1/frames/x",
        f"/v1/frames/{'9' * 99}",
        f"/v1/evidence/0x{'00' * 32}",
        "/v1/evidence/0x12",
        "/v1/evidence/..%2f..%2fboard.sqlite",
        "/v1/evidence",
        "/",
    ],
)
async def test_what_is_not_there_is_not_found(served: Served, path: str) -> None:
    assert (await served.get(path))[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_written(served: Served, method: str) -> None:
    url = f"http://127.0.0.1:{served.server.port}/v1/frames/{FRAME}"
    async with served.session.request(method, url, data=b"{}") as response:
        assert response.status == 405


async def test_status_is_shown(served: Served) -> None:
    assert (await served.get("/v1/status"))[:2] == (200, '{"signing": "ok"}')


async def test_the_live_state_is_signed_and_at_most_a_second_old(served: Served) -> None:
    domain = watcher_domain(chain_id=CHAIN_ID, tower=TOWER)
    _, text, _ = await served.get("/v1/live")
    live = live_of(text, domain=domain, recover=signer_of)
    assert live.watcher == address(KEY.address)
    assert live.endpoints == {LEASE: Sighting(passed=True, at=1_800_000_000)}
    served.clock.time += 0.5
    assert (await served.get("/v1/live"))[1] == text
    served.clock.time += 0.5
    assert (
        live_of((await served.get("/v1/live"))[1], domain=domain, recover=signer_of).time
        > live.time
    )


async def test_a_watcher_without_a_live_state_has_none(tmp_path: Path, served: Served) -> None:
    server = ExchangeServer(
        boards=served.boards,
        evidence=EvidenceStore(tmp_path / "none"),
        status=status,
        host="127.0.0.1",
        port=0,
    )
    await server.start()
    async with served.session.get(f"http://127.0.0.1:{server.port}/v1/live") as response:
        assert response.status == 404
    await server.close()
