"""`modelbond fetch` against real servers on loopback that misbehave in every way we know."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from fakes.fetching import FILES, ONNX, Run, fetched, listed, lost, source
from fakes.file_server import (
    Fault,
    FileServer,
    cut_after,
    dripping,
    dripping_head,
    dripping_trailer,
    instead,
    serving,
    silent,
    status,
)
from modelbond.adapters.fetch_pace import Pace
from modelbond.api.conditions import Reason
from modelbond.fetching.outcome import Fetched
from modelbond.fetching.sums import model_digest


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(target=tmp_path / "models")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(source(FILES)) as running:
        yield running


@pytest.fixture
def second() -> Iterator[FileServer]:
    with serving(source(FILES)) as running:
        yield running


def test_a_model_is_laid_out_as_triton_wants_it(run: Run, server: FileServer) -> None:
    assert run.fetch(server) == Fetched(
        digest=model_digest(listed(FILES)), size_bytes=sum(map(len, FILES.values()))
    )
    found = run.in_place()
    assert found.pop("config.pbtxt").startswith(b'name: "magika"\nbackend: "onnxruntime"\n')
    assert found == {
        "SHA256SUMS": listed(FILES),
        "1/model.onnx": ONNX,
        "1/labels/en.txt": FILES["labels/en.txt"],
    }
    assert sorted(path.name for path in run.target.iterdir()) == ["magika"]


def test_progress_is_one_line_of_json_at_a_time_and_ends_whole(
    run: Run, server: FileServer
) -> None:
    run.fetch(server)
    total = sum(map(len, FILES.values()))
    lines = [json.loads(line) for line in run.out.getvalue().splitlines()]
    assert lines[-1] == {"done": total, "total": total}


def test_a_model_that_is_in_place_is_proven_and_not_fetched_again(
    run: Run, server: FileServer
) -> None:
    run.fetch(server)
    server.requests.clear()
    assert fetched(run.fetch(server))
    assert server.requests == []


@pytest.mark.parametrize("damage", ["changed", "missing", "extra"])
def test_a_model_in_place_that_was_damaged_is_fetched_anew(
    run: Run, server: FileServer, damage: str
) -> None:
    run.fetch(server)
    content = run.target / "magika" / "1"
    match damage:
        case "changed":
            (content / "model.onnx").write_bytes(b"x" + ONNX[1:])
        case "missing":
            (content / "model.onnx").unlink()
        case _:
            (content / "extra.onnx").write_bytes(b"")
    assert fetched(run.fetch(server))
    assert run.in_place()["1/model.onnx"] == ONNX
    assert "1/extra.onnx" not in run.in_place()


def test_a_cut_connection_is_resumed_where_it_broke(run: Run, server: FileServer) -> None:
    server.faults["model.onnx"] = [cut_after(300_000)]
    assert fetched(run.fetch(server))
    assert ("model.onnx", "bytes=300000-") in server.requests
    assert run.in_place()["1/model.onnx"] == ONNX


def test_a_killed_fetch_goes_on_with_what_it_had(run: Run, server: FileServer) -> None:
    part = run.target / ".magika.part" / "1" / "model.onnx"
    part.parent.mkdir(parents=True)
    part.write_bytes(ONNX[:500_000])
    (part.parent / "left-over.onnx").write_bytes(b"of another list")
    assert fetched(run.fetch(server))
    assert ("model.onnx", "bytes=500000-") in server.requests
    assert run.in_place()["1/model.onnx"] == ONNX
    assert "1/left-over.onnx" not in run.in_place()


def test_pieces_that_do_not_fit_are_fetched_whole_before_a_source_is_blamed(
    run: Run, server: FileServer
) -> None:
    part = run.target / ".magika.part" / "1" / "model.onnx"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"another model's beginning")
    assert fetched(run.fetch(server))
    assert server.requests[-1] == ("model.onnx", None)


def test_a_part_that_is_longer_than_the_file_is_begun_anew(run: Run, server: FileServer) -> None:
    part = run.target / ".magika.part" / "1" / "model.onnx"
    part.parent.mkdir(parents=True)
    part.write_bytes(ONNX + b"more")
    assert fetched(run.fetch(server))


def test_a_file_that_changed_between_two_pieces_is_sent_whole(run: Run, server: FileServer) -> None:
    server.faults["model.onnx"] = [
        lambda handler, _: cut_after(1000)(handler, b"an older file of that name" * 1000)
    ]
    assert fetched(run.fetch(server))
    assert run.in_place()["1/model.onnx"] == ONNX


def test_a_server_without_ranges_is_asked_from_the_beginning(run: Run, server: FileServer) -> None:
    server.faults["model.onnx"] = [cut_after(300_000), instead(ONNX)]
    assert fetched(run.fetch(server))


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(run: Run, server: FileServer) -> None:
    server.faults["SHA256SUMS"] = [status(429, {"Retry-After": "17"})]
    assert fetched(run.fetch(server))
    assert run.waits == [17.0]


def test_waits_grow_while_a_server_is_broken(run: Run, server: FileServer) -> None:
    server.faults["SHA256SUMS"] = [status(503)] * 4
    assert fetched(run.fetch(server))
    assert len(run.waits) == 4
    assert 0.5 <= run.waits[0] <= 1
    assert 4 <= run.waits[3] <= 8


def test_a_server_that_stays_broken_leaves_hope(run: Run, server: FileServer) -> None:
    server.faults["SHA256SUMS"] = [status(503)] * 99
    assert lost(run.fetch(server)) == (
        Reason.FETCH_FAILED,
        True,
        f"127.0.0.1:{server.port}: HTTP 503",
    )


def test_a_file_that_is_not_there_sends_the_fetch_to_the_next_source_with_what_it_has(
    run: Run, server: FileServer, second: FileServer
) -> None:
    del server.files["model.onnx"]
    assert fetched(run.fetch(server, second))
    assert second.paths() == ["model.onnx"]
    assert run.waits == []


def test_a_source_that_is_no_url_gives_way_to_the_next(run: Run, server: FileServer) -> None:
    wrong = ["https://x.example/a/../b/", "https://me:secret@x.example/", f"{server.url}?v=1"]
    assert fetched(run.fetch(*wrong, server))
    assert "source 1: the URL's path leads upwards" in run.notes.getvalue()
    assert "secret" not in run.notes.getvalue()


def test_sources_that_are_no_urls_are_refused_by_their_number(run: Run) -> None:
    reason, retriable, message = lost(run.fetch("https://x.example/a/../b/", "models.example.org"))
    assert (reason, retriable) == (Reason.SOURCE_NOT_ALLOWED, False)
    assert "source 2: the URL is not http:// or https://" in message


def test_a_server_that_sends_a_part_and_forgets_it_again_is_given_up(
    run: Run, server: FileServer, second: FileServer
) -> None:
    server.faults["model.onnx"] = [cut_after(300_000), cut_after(0)] * 30
    assert fetched(run.fetch(server, second))
    assert len(run.waits) < 8


def test_a_silent_server_is_given_up_for_the_next(
    run: Run, server: FileServer, second: FileServer
) -> None:
    server.faults["SHA256SUMS"] = [silent(0.5)] * 5
    assert fetched(run.fetch(server, second))
    assert "fell silent" in run.notes.getvalue()


@pytest.mark.parametrize("name", ["SHA256SUMS", "model.onnx"])
@pytest.mark.parametrize("fault", [dripping, dripping_head, dripping_trailer])
def test_a_server_that_only_drips_is_not_borne_with(
    run: Run, second: FileServer, name: str, fault: Fault
) -> None:
    run.pace = Pace(seconds=0.1, bytes=1000)
    run.files = {**FILES, **{f"labels/{number}.txt": b"" for number in range(60)}}
    second.files = source(run.files)
    with serving(source(run.files)) as server:
        server.faults[name] = [fault] * 5
        assert fetched(run.fetch(server, second))
        assert len(server.faults[name]) < 5
    assert "stalls" in run.notes.getvalue()


def test_a_tampered_file_is_not_kept_and_the_next_source_serves(
    run: Run, server: FileServer, second: FileServer
) -> None:
    server.files["model.onnx"] = b"x" + ONNX[1:]
    assert fetched(run.fetch(server, second))
    assert run.in_place()["1/model.onnx"] == ONNX


def test_tampered_sources_alone_are_a_digest_mismatch_without_hope(
    run: Run, server: FileServer, second: FileServer
) -> None:
    server.files["SHA256SUMS"] += b"#"
    second.files["model.onnx"] = b"x" + ONNX[1:]
    reason, retriable, message = lost(run.fetch(server, second))
    assert (reason, retriable) == (Reason.DIGEST_MISMATCH, False)
    assert str(server.port) in message
    assert run.in_place() == {}


@pytest.mark.parametrize(
    ("name", "reason"),
    [("SHA256SUMS", Reason.DIGEST_MISMATCH), ("model.onnx", Reason.SIZE_MISMATCH)],
)
def test_a_source_that_sends_without_end_is_stopped(
    run: Run, server: FileServer, name: str, reason: Reason
) -> None:
    server.files[name] += b"0" * 6_000_000
    assert lost(run.fetch(server))[:2] == (reason, False)


@pytest.mark.parametrize(
    "files",
    [
        {**FILES, "extra.so": b"code"},
        {**FILES, "weights.pkl": b"\x80\x04."},
        {**FILES, "../outside.onnx": b"outside"},
        {"labels.txt": b"no model"},
    ],
    ids=["an extra file", "a pickle", "a path outside", "no model"],
)
def test_a_list_that_breaks_a_rule_is_refused_before_any_file_is_asked_for(
    run: Run, files: Mapping[str, bytes]
) -> None:
    run.files = files
    with serving(source(files)) as server:
        _, retriable, _ = lost(run.fetch(server))
        assert not retriable
        assert server.paths() == ["SHA256SUMS"]
    assert not (run.target.parent / "outside.onnx").exists()


@pytest.mark.parametrize("size", [1, 700_010, 800_000])
def test_a_size_that_is_not_the_models_is_refused_and_named(
    run: Run, server: FileServer, size: int
) -> None:
    run.size = size
    reason, retriable, message = lost(run.fetch(server))
    assert (reason, retriable) == (Reason.SIZE_MISMATCH, False)
    assert "spec.model.size" in message


def test_a_source_outside_the_policy_is_never_connected_to(run: Run, server: FileServer) -> None:
    run.allow = ("https://models.example.org/", "10.0.0.0/8")
    reason, retriable, message = lost(run.fetch(server))
    assert (reason, retriable) == (Reason.SOURCE_NOT_ALLOWED, False)
    assert "policy" in message
    assert server.requests == []


def test_a_redirect_within_the_policy_is_followed(
    run: Run, server: FileServer, second: FileServer
) -> None:
    server.faults["model.onnx"] = [status(302, {"Location": f"{second.url}/model.onnx"})]
    assert fetched(run.fetch(server))
    assert second.paths() == ["model.onnx"]


def test_a_redirect_to_an_address_that_is_not_open_is_refused(
    run: Run, server: FileServer, second: FileServer
) -> None:
    run.allow = ("127.0.0.1/32",)
    elsewhere = second.url.replace("127.0.0.1", "127.0.0.2")
    server.faults["SHA256SUMS"] = [status(302, {"Location": f"{elsewhere}/SHA256SUMS"})]
    assert lost(run.fetch(server))[0] == Reason.SOURCE_NOT_ALLOWED
    assert second.requests == []


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://169.254.169.254/", "http://["])
def test_a_redirect_that_is_a_trick_is_refused(run: Run, server: FileServer, location: str) -> None:
    server.faults["SHA256SUMS"] = [status(302, {"Location": location})]
    assert lost(run.fetch(server))[0] == Reason.SOURCE_NOT_ALLOWED


def test_redirects_in_a_circle_end(run: Run, server: FileServer) -> None:
    server.faults["SHA256SUMS"] = [status(302, {"Location": "/SHA256SUMS"})] * 99
    assert "redirects" in lost(run.fetch(server))[2]


def test_the_content_of_a_redirect_is_not_waited_for(
    run: Run, server: FileServer, second: FileServer
) -> None:
    endless = {"Location": f"{second.url}/SHA256SUMS"}
    server.faults["SHA256SUMS"] = [
        lambda handler, _: handler.begin(302, length=10**12, headers=endless)
    ]
    assert fetched(run.fetch(server))
    assert run.waits == []


def test_encoded_content_is_refused(run: Run, server: FileServer) -> None:
    server.faults["SHA256SUMS"] = [status(200, {"Content-Encoding": "gzip"})]
    assert "encodes" in lost(run.fetch(server))[2]


def test_two_sources_on_one_server_are_told_apart(run: Run, server: FileServer) -> None:
    message = lost(run.fetch(f"{server.url}/first", f"{server.url}/second"))[2]
    place = f"127.0.0.1:{server.port}"
    assert message == f"{place}/first: HTTP 404; {place}/second: HTTP 404"


def test_what_a_server_says_reaches_nobody(run: Run, server: FileServer) -> None:
    server.faults["SHA256SUMS"] = [
        lambda handler, _: handler.answer(403, b"secret of an inner service")
    ]
    assert lost(run.fetch(server))[2] == f"127.0.0.1:{server.port}: HTTP 403"


def test_nobody_listening_and_a_name_that_leads_nowhere_may_pass(run: Run) -> None:
    with serving({}) as gone:
        pass
    run.allow = ("127.0.0.0/8", "http://models.invalid/")
    _, retriable, message = lost(run.fetch(gone, "http://models.invalid/m"))
    assert retriable
    assert "no connection;" in message
    assert "does not resolve" in message
