"""The own endpoint, asked over a real connection."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.canaries import canary, tensor
from fakes.model_server import MODEL, TOKEN, ModelServer, Raw, answering
from modelbond.adapters.host_key import EllipticKeys
from modelbond.adapters.own_endpoint import PinnedEndpoint
from modelbond.ports.leases import OwnEdge
from modelbond.sla.canary import Tensor

AGREED = (canary(tensor(2.0)),)


def right(_: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    return {"y": tensor(2.0)}


def edge(server: ModelServer, folder: Path, **changes: object) -> OwnEdge:
    _, _, port = server.url.rpartition(":")
    known = OwnEdge(
        host="127.0.0.1",
        port=int(port),
        model=MODEL,
        certificate=(folder / "ca.crt").read_text(),
        token=TOKEN,
    )
    return replace(known, **changes)  # type: ignore[arg-type]


async def test_agreed_answers_by_the_probes_way_are_no_objection(tmp_path: Path) -> None:
    with answering(tmp_path, right) as server:
        said = await PinnedEndpoint().answers(AGREED, edge=edge(server, tmp_path), within_ms=5000)
    assert said is None
    assert server.tokens == [f"Bearer {TOKEN}"]


async def test_other_answers_are_told_by_canary_and_output(tmp_path: Path) -> None:
    with answering(tmp_path, lambda _: {"y": tensor(3.0)}) as server:
        said = await PinnedEndpoint().answers(AGREED, edge=edge(server, tmp_path), within_ms=5000)
    assert said is not None
    assert said.startswith("first: y: ")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"token": "x" * 40}, "401"),
        ({"model": "other"}, "HTTP 404"),
        ({"port": 1}, "first: Client"),
    ],
)
async def test_what_keeps_a_probe_out_is_told(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    with answering(tmp_path, right) as server:
        asked = edge(server, tmp_path, **change)
        said = await PinnedEndpoint().answers(AGREED, edge=asked, within_ms=5000)
    assert said is not None
    assert told in said


async def test_who_shows_another_certificate_gets_no_token(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with answering(tmp_path, right) as server, answering(tmp_path / "other", right):
        foreign = (tmp_path / "other" / "ca.crt").read_text()
        asked = edge(server, tmp_path, certificate=foreign)
        said = await PinnedEndpoint().answers(AGREED, edge=asked, within_ms=5000)
    assert said == "first: another certificate than the edge's own is shown there"
    assert server.tokens == []


async def test_an_edge_without_a_certificate_is_not_asked(tmp_path: Path) -> None:
    with answering(tmp_path, right) as server:
        asked = edge(server, tmp_path, certificate="")
        said = await PinnedEndpoint().answers(AGREED, edge=asked, within_ms=5000)
    assert said == "the edge has no certificate that can be read"


async def test_no_answer_in_time_is_none(tmp_path: Path) -> None:
    with answering(tmp_path, right) as server:
        said = await PinnedEndpoint(deadline_seconds=0).answers(
            AGREED, edge=edge(server, tmp_path), within_ms=5000
        )
    assert said == "not all canaries were answered within 0 s"


async def test_a_server_that_breaks_off_is_told(tmp_path: Path) -> None:
    with answering(tmp_path, lambda _: Raw(200, b"no answer")) as server:
        said = await PinnedEndpoint().answers(AGREED, edge=edge(server, tmp_path), within_ms=5000)
    assert said is not None
    assert said.startswith("first: Refused: answer")


def test_the_hash_of_a_key_is_the_same_each_time_and_anothers_for_another() -> None:
    keys = EllipticKeys()
    first, second = keys.new_key(), keys.new_key()
    assert len(keys.public_key_hash(first)) == 32
    assert keys.public_key_hash(first) == keys.public_key_hash(first)
    assert keys.public_key_hash(first) != keys.public_key_hash(second)
    assert keys.public_key_hash("no key") == b""
