"""`modelbond verify` before watchers and nodes that do not answer as they should."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fakes.evidence import FRAME, WATCHERS, text_of
from fakes.file_server import FileServer, Handler, serving
from golden.cases import CASES
from modelbond.cli.main import main
from modelbond.verify import asking
from modelbond.verify.asking import Node, NotChecked, Watcher
from modelbond.verify.hashes import hex_hash
from modelbond.verify.report import read

TEXT = text_of(CASES["weights"].evidence())
HASH, ROOT = hex_hash(TEXT), read(TEXT).root
OTHER = "0x" + "ab" * 32
BOARD, EVIDENCE = f"v1/frames/{FRAME}", f"v1/evidence/{HASH}"
SILENT = "http://127.0.0.1:9"


def board(*reports: tuple[str, str], signers: tuple[int, ...] = (1, 1)) -> bytes:
    """Return a watcher's board of the frame: reports by data hash and root, signed by so many."""
    signatures = [
        {
            "signer": WATCHERS[place],
            "report": {
                "round": round_,
                "referenceBlock": 7,
                "previousRoot": OTHER,
                "root": root,
                "dataHash": data_hash,
            },
            "signature": f"0x{'00' * 65}",
        }
        for round_, (count, (data_hash, root)) in enumerate(zip(signers, reports), 1)  # noqa: B905
        for place in range(count)
    ]
    said = {"version": 1, "frame": FRAME, "commitments": [], "vectors": [], "proposals": []}
    return json.dumps(said | {"signatures": signatures, "refusals": []}).encode()


@pytest.fixture
def watcher() -> Iterator[FileServer]:
    with serving({BOARD: board((HASH, ROOT)), EVIDENCE: TEXT}) as made:
        yield made


def verify(*urls: str) -> int:
    return main(["verify", "--frame", str(FRAME), *(f"--from={url}" for url in urls)])


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_frames_report_is_fetched_and_is_equal(
    watcher: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(watcher.url) == 0
    lines = told(capsys)
    assert lines[0] == f"evidence   {watcher.url}: served"
    assert f"data hash  {HASH}: equal" in lines
    assert lines[-1] == "equal"


def test_a_watcher_that_cannot_serve_is_visible_and_another_serves(
    watcher: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving({BOARD: board((HASH, ROOT)), EVIDENCE: TEXT[:-1]}) as broken:
        assert verify(broken.url, watcher.url) == 0
        lines = told(capsys)
    assert lines[:2] == [
        f"evidence   {broken.url}: not served",
        f"evidence   {watcher.url}: served",
    ]
    assert lines[-1] == "equal"


def test_a_watcher_that_is_gone_is_visible_and_another_serves(
    watcher: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(SILENT, watcher.url) == 0
    lines = told(capsys)
    assert f"evidence   {SILENT}: no answer: ConnectionError" in lines
    assert lines[-1] == "equal"


def test_a_root_that_does_not_follow_from_the_evidence_is_found(
    watcher: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    watcher.files[BOARD] = board((HASH, OTHER))
    assert verify(watcher.url) == 2
    assert told(capsys)[-1] == f"differs: root: {ROOT}, should be {OTHER}"


def test_without_a_chain_nobody_says_which_of_two_reports_stands(
    watcher: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    watcher.files[BOARD] = board((HASH, ROOT), (OTHER, OTHER))
    assert verify(watcher.url) == 1
    said = f"2 reports are named on frame {FRAME}: --rpc tells which stands"
    assert told(capsys)[-1] == f"not checked: {said}"


def test_a_board_full_of_names_outvotes_no_other(
    watcher: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving({BOARD: board((OTHER, OTHER), signers=(len(WATCHERS),))}) as liar:
        assert verify(watcher.url, liar.url) == 1
    said = f"2 reports are named on frame {FRAME}: --rpc tells which stands"
    assert told(capsys)[-1] == f"not checked: {said}"


def test_of_two_reports_the_one_that_more_watchers_signed_is_taken_and_that_is_said(
    watcher: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    watcher.files[BOARD] = board((OTHER, OTHER), (HASH, ROOT), signers=(1, 2))
    assert verify(watcher.url) == 0
    lines = told(capsys)
    assert lines[0] == "reports    2 are named, the one that most signed is taken"
    assert f"data hash  {HASH}: equal" in lines


def test_evidence_that_nobody_serves_was_not_checked(
    watcher: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    del watcher.files[EVIDENCE]
    assert verify(watcher.url) == 1
    said = f"no watcher serves the evidence of frame {FRAME}, {HASH}"
    assert told(capsys)[-1] == f"not checked: {said}"


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"[]",
        b'{"signatures":1}',
        b'{"signatures":[1]}',
        b'{"signatures":[{"report":{"dataHash":"0x12","root":"0x12"},"signer":"0x"}]}',
        b'{"frame":1}',
    ],
)
def test_a_board_that_cannot_be_read_was_not_checked(
    watcher: FileServer, answer: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    watcher.files[BOARD] = answer
    assert verify(watcher.url) == 1
    *before, last = told(capsys)
    assert last == f"not checked: no watcher names a report on frame {FRAME}"
    assert all("cannot be read" in line or "no JSON object" in line for line in before)


def test_an_answer_without_end_is_given_up(
    watcher: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_LONGEST_BYTES", len(TEXT) - 1)
    with pytest.raises(NotChecked, match="longer than"):
        Watcher(url=watcher.url).evidence(HASH)


def test_a_watcher_does_not_send_elsewhere(watcher: FileServer) -> None:
    def elsewhere(handler: Handler, _: bytes) -> None:
        handler.answer(302, headers={"Location": f"{watcher.url}/elsewhere"})

    watcher.faults[EVIDENCE] = [elsewhere]
    with pytest.raises(NotChecked, match="HTTP 302"):
        Watcher(url=watcher.url).evidence(HASH)
    assert "elsewhere" not in watcher.paths()


@contextmanager
def node(answer: Callable[[str, list[Any]], Any]) -> Iterator[Node]:
    """Serve JSON-RPC whose answers a function makes."""

    class Rpc(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(answer(asked["method"], asked["params"])).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Rpc)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Node(url=f"http://127.0.0.1:{server.server_port}/secret")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def log_of(block: int, index: int = 0) -> dict[str, Any]:
    word = f"0x{block:064x}"
    return {"blockNumber": hex(block), "logIndex": hex(index), "topics": [HASH], "data": word}


def test_events_are_asked_for_in_steps_that_the_node_can_take() -> None:
    def short(_: str, params: list[Any]) -> Any:
        first, last = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
        if last - first > 10:
            return {"error": {"code": -32005, "message": "too many blocks"}}
        return {"result": [log_of(block) for block in range(first, last + 1) if block % 7 == 0]}

    with node(short) as made:
        logs = made.logs(OTHER, [HASH], since=5, until=80)
    assert [log.block for log in logs] == list(range(7, 81, 7))
    assert [log.words for log in logs] == [[block] for block in range(7, 81, 7)]


def test_events_are_taken_in_the_order_of_the_chain() -> None:
    mixed = [log_of(2, 1), log_of(1, 5), log_of(2, 0)]
    with node(lambda *_: {"result": mixed}) as made:
        logs = made.logs(OTHER, [HASH], since=1, until=2)
    assert [(log.block, log.index) for log in logs] == [(1, 5), (2, 0), (2, 1)]


def test_a_node_that_has_dropped_the_block_is_asked_for_the_final_one() -> None:
    def pruned(_: str, params: list[Any]) -> Any:
        return (
            {"result": f"0x{7:064x}"}
            if params[1] == "finalized"
            else {"error": "missing trie node"}
        )

    with node(pruned) as made:
        assert made.call(OTHER, "terms()", 0, block=5) == [7]


@pytest.mark.parametrize(
    "question",
    [
        lambda made: made.ask("eth_chainId"),
        lambda made: made.logs(OTHER, [HASH], since=1, until=2),
        lambda made: made.call(OTHER, "terms()", 0, block=5),
    ],
)
def test_a_node_that_refuses_is_quoted_and_its_url_is_not(question: Callable[[Node], Any]) -> None:
    with (
        node(lambda *_: {"error": {"code": -32601, "message": "no"}}) as made,
        pytest.raises(NotChecked, match=r'refuses .*: {"code": -32601, "message": "no"}') as raised,
    ):
        question(made)
    assert "secret" not in str(raised.value)


def test_a_node_that_is_gone_is_told_without_its_url() -> None:
    with pytest.raises(NotChecked) as raised:
        Node(url=f"{SILENT}/secret").ask("eth_chainId")
    assert str(raised.value) == "the RPC: no answer: ConnectionError"
