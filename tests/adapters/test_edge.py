"""The edge as nginx really runs it: who gets through, and what strangers cannot do to others."""

import json
import re
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes import edge as edges
from fakes.edge import MODEL, PROBE_TOKEN, TOKEN, Edge, admit
from fakes.polling import eventually
from modelbond.serving.edge import Access, Agreed

HALF_A_REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n"
HALF_A_HANDSHAKE = b"\x16\x03\x01\x02\x00\x01"
STRANGERS = 1500
AGREED = Access(token=TOKEN, agreed=Agreed(probe_token=PROBE_TOKEN, requests_per_minute=60))


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    with edges.running(tmp_path) as running:
        yield running


def error(body: bytes) -> str:
    said: str = json.loads(body)["error"]
    return said


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_of_a_token_is_read_without_case(edge: Edge, scheme: str) -> None:
    assert edge.ask(MODEL, authorization=f"{scheme} {TOKEN}").status == 200


@pytest.mark.parametrize("authorization", [None, f"Bearer {TOKEN.swapcase()}", f"Basic {TOKEN}"])
def test_without_the_very_token_nothing_is_inferred(edge: Edge, authorization: str | None) -> None:
    answer = edge.ask(MODEL, authorization=authorization)
    assert (answer.status, answer.kind) == (401, "application/json")
    assert error(answer.body) == "the token is missing or wrong"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/v2/repository/index", 404),
        ("GET", f"{MODEL}/stats", 404),
        ("GET", "/v2/models/other/ready", 404),
        ("DELETE", MODEL, 405),
    ],
)
def test_what_is_no_path_of_this_model_is_refused_in_tritons_own_shape(
    edge: Edge, method: str, path: str, status: int
) -> None:
    answer = edge.ask(path, method=method, authorization=f"Bearer {TOKEN}")
    assert (answer.status, answer.kind) == (status, "application/json")
    assert error(answer.body)


def test_a_body_beyond_the_limit_is_refused(edge: Edge) -> None:
    connection = edge.opened(
        f"POST {MODEL}/infer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Length: {65 * 2**20}\r\n\r\n".encode()
    )
    with connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_triton_that_does_not_listen_is_told_in_its_own_shape(tmp_path: Path) -> None:
    with edges.running(tmp_path, triton=False) as edge:
        answer = edge.ask(f"{MODEL}/ready")
        assert (answer.status, answer.kind) == (502, "application/json")
        assert error(answer.body) == "the model does not answer"


def test_it_listens_on_every_family_that_the_kernel_has(edge: Edge) -> None:
    addresses = Path("/proc/net/if_inet6")
    loopbacks = ["127.0.0.1"]
    if addresses.exists() and " lo\n" in addresses.read_text():
        loopbacks.append("::1")
    for address in loopbacks:
        assert edge.ask("/edge/health", address=address).status == 200


def test_strangers_who_never_finish_a_handshake_keep_nobody_out(edge: Edge) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8 * STRANGERS), most))
    strangers = [edge.begun(HALF_A_HANDSHAKE) for _ in range(STRANGERS)]
    try:
        assert edge.ask(f"{MODEL}/ready").status == 200
        assert edge.ask("/edge/health").status == 200
    finally:
        for stranger in strangers:
            stranger.close()


def test_half_a_request_and_half_a_handshake_are_given_up_after_five_seconds(edge: Edge) -> None:
    with edge.begun(HALF_A_HANDSHAKE) as first, edge.opened(HALF_A_REQUEST) as second:
        for stranger in (first, second):
            stranger.settimeout(9)
            assert stranger.recv(4096) == b""


def test_an_answer_that_is_read_slowly_fills_no_disk(edge: Edge) -> None:
    head = f"POST {MODEL}/infer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    with edge.opened(f"{head}Content-Length: 2\r\n\r\n{{}}".encode()) as reader:
        assert reader.recv(1).startswith(b"H")
        # The next answer comes after whatever nginx did with this one.
        assert edge.ask(f"{MODEL}/ready").status == 200
        assert sum(path.stat().st_size for path in spooled(edge)) == 0


def spooled(edge: Edge) -> list[Path]:
    """Return the temporary files that nginx holds, those it has unlinked already included."""
    pid = int((edge.scratch / "nginx.pid").read_text())
    (worker,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    held = Path(f"/proc/{worker}/fd").iterdir()
    return [each for each in held if str(each.readlink()).startswith(str(edge.scratch / "proxy"))]


def statuses(edge: Edge, token: str, *, times: int) -> list[int]:
    """Ask for the model's metadata that often in one go."""
    request = f"GET {MODEL} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    asked = f"{request}\r\n" * (times - 1) + f"{request}Connection: close\r\n\r\n"
    said = b""
    with edge.opened(asked.encode()) as connection:
        while part := connection.recv(65_536):
            said += part
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def test_a_customers_flood_cannot_become_a_breach(tmp_path: Path) -> None:
    with edges.running(tmp_path, access=AGREED) as edge:
        flood = statuses(edge, TOKEN, times=120)
        assert len(flood) == 120
        assert flood[:10] == [200] * 10, "what was agreed is served"
        assert flood.count(429) > 60, "what is beyond it is turned away"
        assert statuses(edge, PROBE_TOKEN, times=5) == [200] * 5
        assert 429 in statuses(edge, TOKEN, times=20), "the flood goes on all the while"


def test_the_probes_budget_is_small_and_leaves_the_customers_alone(tmp_path: Path) -> None:
    # Without a Triton nothing but the edge takes time: who is let in gets 502 at once.
    with edges.running(tmp_path, triton=False, access=AGREED) as edge:
        assert set(statuses(edge, PROBE_TOKEN, times=200)) == {502, 429}
        assert statuses(edge, TOKEN, times=5) == [502] * 5


def test_a_probe_token_is_taken_and_taken_back_without_cutting_an_answer_off(
    edge: Edge,
) -> None:
    def probed() -> int:
        return edge.ask(MODEL, authorization=f"Bearer {PROBE_TOKEN}").status

    head = f"POST {MODEL}/infer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    with edge.opened(f"{head}Content-Length: 2\r\n\r\n{{}}".encode()) as reader:
        received = len(reader.recv(4096))
        assert probed() == 401
        admit(edge.tls, AGREED)
        assert eventually(lambda: probed() == 200)
        admit(edge.tls, Access(token=TOKEN))
        assert eventually(lambda: probed() == 401)
        while received < edges.LARGE:
            part = reader.recv(2**20)
            assert part, "the edge cut the answer off"
            received += len(part)
