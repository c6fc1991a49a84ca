"""One probe before endpoints that misbehave, over real TLS."""

import asyncio
import errno
import gzip
import socket
import struct
import threading
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from fakes import endpoint as fake
from fakes.canaries import canary, strings, tensor
from fakes.endpoint import Behave, Endpoint, GuardWithLoopback
from fakes.targets import target
from modelbond.runtime.clock import SystemClock
from modelbond.sla.canary import Rule
from modelbond.sla.verdict import ProbeReason
from modelbond.watcher.echo import CANARY, echo, fresh_identity
from modelbond.watcher.guard import Guard, Place
from modelbond.watcher.names import LOOKUPS_AT_ONCE
from modelbond.watcher.probe import Probes, judged
from modelbond.watcher.stalls import Stalls
from modelbond.watcher.target import Target

CLOCK = SystemClock()
ECHOED: dict[str, object] = {"name": "x", "datatype": "UINT8", "shape": [16]}


def probes_with(guard: Guard | None = None, **names: object) -> Probes:
    return Probes(guard=guard or GuardWithLoopback(), clock=CLOCK, stalls=Stalls(CLOCK), **names)


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with fake.serving() as made:
        yield made


@pytest.fixture
async def probes() -> AsyncIterator[Probes]:
    async with probes_with() as made:
        yield made


async def reason(probes: Probes, target: Target) -> ProbeReason:
    return (await probes.probe(target, target.canaries[0])).reason


async def test_the_agreed_answer_in_time_is_an_answer(probes: Probes, endpoint: Endpoint) -> None:
    probe = await probes.probe(endpoint.target(), CANARY)
    assert probe.reason is ProbeReason.ANSWERED
    assert 0 < probe.seconds < 2
    assert endpoint.tokens == [f"Bearer {fake.TOKEN}"]


async def test_an_answer_in_json_is_as_good_as_a_binary_one(
    probes: Probes, endpoint: Endpoint
) -> None:
    endpoint.behave = fake.in_json([{**ECHOED, "data": list(range(16))}])
    assert await reason(probes, endpoint.target()) is ProbeReason.ANSWERED


async def test_words_are_answered_in_either_form(probes: Probes, endpoint: Endpoint) -> None:
    words = replace(strings(b"one", b"", "zwölf".encode()), name="y")
    asked = canary(words, Rule.CLOSE)
    told: dict[str, object] = {"name": "y", "datatype": "BYTES", "shape": [3]}
    endpoint.behave = fake.in_json([{**told, "data": ["one", "", "zwölf"]}])
    assert await reason(probes, endpoint.target(asked)) is ProbeReason.ANSWERED
    endpoint.behave = fake.in_json([{**told, "data": ["one", "", "elf"]}])
    assert await reason(probes, endpoint.target(asked)) is ProbeReason.WRONG_ANSWER


@pytest.mark.parametrize(
    "outputs",
    [
        [{**ECHOED, "data": [1] * 16}],
        [{**ECHOED, "shape": [4, 4], "data": list(range(16))}],
        [{**ECHOED, "datatype": "INT8", "data": list(range(16))}],
        [{**ECHOED, "name": "z", "data": list(range(16))}],
        [],
    ],
)
async def test_another_answer_is_wrong_however_plausible(
    probes: Probes, endpoint: Endpoint, outputs: list[dict[str, object]]
) -> None:
    endpoint.behave = fake.in_json(outputs)
    assert await reason(probes, endpoint.target()) is ProbeReason.WRONG_ANSWER


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (401, ProbeReason.UNAUTHORIZED),
        (403, ProbeReason.UNAUTHORIZED),
        (429, ProbeReason.LIMITED),
        (400, ProbeReason.HTTP_ERROR),
        (404, ProbeReason.HTTP_ERROR),
        (500, ProbeReason.HTTP_ERROR),
        (503, ProbeReason.HTTP_ERROR),
        (204, ProbeReason.HTTP_ERROR),
    ],
)
async def test_a_status_other_than_200_is_a_failure_of_the_endpoint(
    probes: Probes, endpoint: Endpoint, code: int, meaning: ProbeReason
) -> None:
    endpoint.behave = fake.status(code)
    assert await reason(probes, endpoint.target()) is meaning


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_wherever_it_leads(endpoint: Endpoint, code: int) -> None:
    looked_up: list[str] = []
    metadata = "https://169.254.169.254/latest/meta-data/"
    for place in (metadata, f"https://127.0.0.1:{endpoint.port}/elsewhere", "https://inside/"):
        endpoint.behave = fake.status(code, {"Location": place})
        async with probes_with(lookup=lambda name: looked_up.append(name) or []) as probes:
            assert await reason(probes, endpoint.target()) is ProbeReason.HTTP_ERROR
    assert len(endpoint.tokens) == 3
    assert looked_up == []


@pytest.mark.parametrize(
    ("behave", "meaning"),
    [
        (fake.reset, ProbeReason.UNREACHABLE),
        (fake.half, ProbeReason.MALFORMED),
        (fake.endless, ProbeReason.MALFORMED),
        (fake.saying(b""), ProbeReason.MALFORMED),
        (fake.saying(b"<html>"), ProbeReason.MALFORMED),
        (fake.saying(b"[" * 60_000), ProbeReason.MALFORMED),
        (fake.saying(b'{"outputs":[null]}'), ProbeReason.MALFORMED),
        (fake.saying(b"{}", {"Inference-Header-Content-Length": "many"}), ProbeReason.MALFORMED),
        (fake.saying(bytes(2**20)), ProbeReason.MALFORMED),
        (
            fake.saying(gzip.compress(bytes(2**24)), {"Content-Encoding": "gzip"}),
            ProbeReason.MALFORMED,
        ),
    ],
)
async def test_bytes_that_are_no_answer_are_a_failure_and_cost_little(
    probes: Probes, endpoint: Endpoint, behave: Behave, meaning: ProbeReason
) -> None:
    endpoint.behave = behave
    assert await reason(probes, endpoint.target()) is meaning


async def test_a_late_answer_is_too_late_though_it_is_right(
    probes: Probes, endpoint: Endpoint
) -> None:
    endpoint.behave = fake.after(0.2)
    probe = await probes.probe(replace(endpoint.target(), latency_bound_ms=150), CANARY)
    assert probe.reason is ProbeReason.TOO_LATE
    assert probe.seconds >= 0.2


async def test_nobody_is_waited_for_longer_than_the_deadline(
    probes: Probes, endpoint: Endpoint
) -> None:
    endpoint.behave = fake.after(30)
    target = replace(endpoint.target(), latency_bound_ms=50)
    async with asyncio.timeout(10):
        assert await reason(probes, target) is ProbeReason.TOO_LATE


async def test_a_server_that_speaks_no_tls_is_unreachable(probes: Probes) -> None:
    async def hello(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ready\r\n")
        writer.close()

    server = await asyncio.start_server(hello, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        target = Endpoint(fresh_identity(), port).target()
        assert await reason(probes, target) is ProbeReason.UNREACHABLE


async def test_nobody_at_the_port_is_unreachable(probes: Probes) -> None:
    async with fake.serving() as gone:
        target = gone.target()
    assert await reason(probes, target) is ProbeReason.UNREACHABLE


async def test_a_server_with_another_key_never_sees_the_token(
    probes: Probes, endpoint: Endpoint
) -> None:
    stranger = replace(endpoint.target(), public_key=fresh_identity().public_key)
    assert await reason(probes, stranger) is ProbeReason.WRONG_KEY
    assert endpoint.tokens == []


async def test_a_resting_connection_serves_no_target_with_another_pin(
    probes: Probes, endpoint: Endpoint
) -> None:
    assert await reason(probes, endpoint.target()) is ProbeReason.ANSWERED
    stranger = replace(endpoint.target(), public_key=fresh_identity().public_key)
    assert await reason(probes, stranger) is ProbeReason.WRONG_KEY
    assert len(endpoint.tokens) == 1


async def test_connections_rest_between_probes(probes: Probes, endpoint: Endpoint) -> None:
    for _ in range(3):
        assert await reason(probes, endpoint.target()) is ProbeReason.ANSWERED
    assert len(set(endpoint.peers)) == 1


async def test_a_resting_connection_that_was_closed_is_no_failure(
    probes: Probes, endpoint: Endpoint
) -> None:
    endpoint.behave = fake.once_for_each_connection
    for _ in range(20):
        assert await reason(probes, endpoint.target()) is ProbeReason.ANSWERED
    assert len(set(endpoint.peers)) == 20


async def test_no_proxy_of_the_environment_is_asked(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with probes_with() as probes:
        assert await reason(probes, endpoint.target()) is ProbeReason.ANSWERED


async def test_cookies_of_an_endpoint_are_not_kept(probes: Probes, endpoint: Endpoint) -> None:
    cookies = []

    async def behave(request: fake.web.Request) -> fake.web.StreamResponse:
        cookies.append(request.headers.get("Cookie"))
        answer = await echo(request)
        answer.set_cookie("who", "watcher")
        return answer

    endpoint.behave = behave
    for _ in range(2):
        assert await reason(probes, endpoint.target()) is ProbeReason.ANSWERED
    assert cookies == [None, None]


@pytest.mark.parametrize(
    ("address", "meaning"),
    [
        ("127.0.0.1", ProbeReason.FORBIDDEN_ADDRESS),
        ("::1", ProbeReason.FORBIDDEN_ADDRESS),
        ("::ffff:127.0.0.1", ProbeReason.FORBIDDEN_ADDRESS),
        ("169.254.169.254", ProbeReason.FORBIDDEN_ADDRESS),
        ("10.1.2.3", ProbeReason.NO_WAY),
    ],
)
async def test_a_literal_address_is_judged_before_it_is_connected_to(
    endpoint: Endpoint, address: str, meaning: ProbeReason
) -> None:
    target = replace(endpoint.target(), place=Place(host=address, port=endpoint.port))
    async with probes_with(Guard()) as probes:
        assert await reason(probes, target) is meaning
    assert endpoint.tokens == []


async def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to(
    endpoint: Endpoint,
) -> None:
    # The first answer is the only one that is used: the second would be the metadata service.
    answers = [["127.0.0.1"], ["169.254.169.254"], ["127.0.0.1"]]
    target = endpoint.target(host="model.example")
    async with probes_with(lookup=lambda _: answers.pop(0)) as probes:
        assert await reason(probes, target) is ProbeReason.ANSWERED
        assert len(answers) == 2
    async with probes_with(lookup=lambda _: answers.pop(0)) as probes:
        assert await reason(probes, target) is ProbeReason.FORBIDDEN_ADDRESS
    assert len(endpoint.tokens) == 1


async def test_a_name_with_one_forbidden_address_among_others_is_refused_whole(
    endpoint: Endpoint,
) -> None:
    target = endpoint.target(host="model.example")
    async with probes_with(lookup=lambda _: ["127.0.0.1", "fd00:ec2::254"]) as probes:
        assert await reason(probes, target) is ProbeReason.FORBIDDEN_ADDRESS
    assert endpoint.tokens == []


async def test_a_name_that_does_not_exist_is_the_endpoints_failure(endpoint: Endpoint) -> None:
    def nowhere(_: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with probes_with(lookup=nowhere) as probes:
        found = await reason(probes, endpoint.target(host="model.example"))
    assert found is ProbeReason.UNREACHABLE


async def test_lookups_that_hang_are_charged_to_nobody_else(endpoint: Endpoint) -> None:
    hang = threading.Event()

    def lookup(_: str) -> list[str]:
        hang.wait(20)
        return ["127.0.0.1"]

    async with probes_with(lookup=lookup) as probes:
        try:
            slow = [
                asyncio.create_task(reason(probes, endpoint.target(host=f"slow-{n}.example")))
                for n in range(LOOKUPS_AT_ONCE)
            ]
            await asyncio.sleep(0)
            same = asyncio.create_task(reason(probes, endpoint.target(host="slow-0.example")))
            other = await reason(probes, endpoint.target(host="other.example"))
            assert other is ProbeReason.OWN_FAULT
        finally:
            hang.set()
        assert set(await asyncio.gather(same, *slow)) == {ProbeReason.ANSWERED}


@pytest.mark.parametrize(
    ("number", "meaning"),
    [
        (errno.EMFILE, ProbeReason.OWN_FAULT),
        (errno.ENOBUFS, ProbeReason.OWN_FAULT),
        (errno.EADDRNOTAVAIL, ProbeReason.OWN_FAULT),
        (errno.ENETUNREACH, ProbeReason.NO_WAY),
        (errno.EHOSTUNREACH, ProbeReason.UNREACHABLE),
    ],
)
async def test_an_error_of_the_own_system_is_not_the_endpoints(
    endpoint: Endpoint, number: int, meaning: ProbeReason
) -> None:
    class Broken(GuardWithLoopback):
        def socket(self, _addr_info: object) -> socket.socket:
            raise OSError(number, "as the system says")

    async with probes_with(Broken()) as probes:
        assert await reason(probes, endpoint.target()) is meaning


@pytest.mark.parametrize(
    ("ended", "seconds", "stalled", "meaning"),
    [
        (ProbeReason.ANSWERED, 0.9, 0.0, ProbeReason.ANSWERED),
        (ProbeReason.ANSWERED, 1.1, 0.0, ProbeReason.TOO_LATE),
        (ProbeReason.ANSWERED, 1.1, 0.2, ProbeReason.ANSWERED),
        (ProbeReason.TOO_LATE, 2.0, 0.5, ProbeReason.TOO_LATE),
        (ProbeReason.TOO_LATE, 1.2, 0.5, ProbeReason.OWN_FAULT),
        (ProbeReason.WRONG_ANSWER, 1.2, 0.5, ProbeReason.WRONG_ANSWER),
        (ProbeReason.UNREACHABLE, 9.0, 6.0, ProbeReason.OWN_FAULT),
        (ProbeReason.NO_WAY, 9.0, 6.0, ProbeReason.NO_WAY),
    ],
)
def test_the_watchers_own_absence_is_not_the_endpoints_time(
    ended: ProbeReason, seconds: float, stalled: float, meaning: ProbeReason
) -> None:
    found = judged(ended, seconds=seconds, stalled_seconds=stalled, bound_seconds=1.0)
    assert found is meaning


@pytest.mark.parametrize("bound_ms", [1, 2_000, 14_000, 15_000])
def test_who_was_away_for_a_moment_still_sees_that_no_answer_came(bound_ms: int) -> None:
    slow = target(1, slice_seconds=60, latency_bound_ms=bound_ms)
    found = judged(
        ProbeReason.TOO_LATE,
        seconds=slow.deadline_seconds,
        stalled_seconds=min(slow.deadline_seconds / 5, 0.9),
        bound_seconds=slow.bound_seconds,
    )
    assert found is ProbeReason.TOO_LATE


async def test_many_kinds_of_numbers_travel_there_and_back(
    probes: Probes, endpoint: Endpoint
) -> None:
    halves = tensor(0.5, -2.0, datatype="FP16")
    many = replace(
        CANARY,
        inputs=(replace(halves, name="y"),),
        expected=canary(halves, Rule.CLOSE).expected,
    )
    assert struct.unpack("<2e", halves.data) == (0.5, -2.0)
    assert await reason(probes, endpoint.target(many)) is ProbeReason.ANSWERED
