"""A model's endpoint as its client meets it: right, wrong, strange or not there."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput

from fakes.canaries import strings, tensor
from fakes.model_server import MODEL, TOKEN, Raw, answering
from modelbond.adapters import inference
from modelbond.adapters.inference import Endpoint
from modelbond.errors import EndpointFailed, Refused, Unauthorized
from modelbond.sla.inference import LENGTH_HEADER, answers, question
from modelbond.sla.tensor import Tensor

ASKED = tensor(1.0, 2.0)


def echoed(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    return inputs


def always(answer: Raw) -> Callable[[Mapping[str, Tensor]], Raw]:
    return lambda _: answer


def ask(url: str, folder: Path, *, model: str = MODEL, token: str = TOKEN) -> Mapping[str, Tensor]:
    return Endpoint(url, model=model, ca=folder / "ca.crt", token=token).ask([ASKED])


def test_tensors_go_and_come_back_bit_by_bit(tmp_path: Path) -> None:
    with answering(tmp_path, echoed) as server:
        assert ask(server.url, tmp_path) == {"y": ASKED}
        assert ask(f"{server.url}/", tmp_path) == {"y": ASKED}
        assert server.tokens == [f"Bearer {TOKEN}"] * 2


def test_tritons_own_client_asks_the_same_and_reads_the_same() -> None:
    numbers, words = np.array([[1, 2.5]], np.float32), np.array([b"cat", b""], np.object_)
    inputs = [
        InferInput("x", [1, 2], "FP32").set_data_from_numpy(numbers),
        InferInput("s", [2], "BYTES").set_data_from_numpy(words),
    ]
    body, json_bytes = InferenceServerClient.generate_request_body(inputs)
    tensors = [replace(tensor(1.0, 2.5), name="x"), replace(strings(b"cat", b""), name="s")]
    asked = question(tensors)
    assert asked.body[asked.json_bytes :] == body[json_bytes:]
    ours = json.loads(asked.body[: asked.json_bytes])
    assert ours["inputs"] == json.loads(body[:json_bytes])["inputs"]
    answer = json.dumps({"outputs": ours["inputs"]}).encode()
    read = InferenceServerClient.parse_response_body(
        answer + body[json_bytes:], header_length=len(answer)
    )
    np.testing.assert_array_equal(read.as_numpy("x"), numbers)
    assert list(read.as_numpy("s")) == [b"cat", b""]
    assert list(answers(answer + body[json_bytes:], json_bytes=len(answer)).values()) == tensors


def test_an_answer_in_json_is_taken_too(tmp_path: Path) -> None:
    said = b'{"outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[1,2]}]}'
    with answering(tmp_path, always(Raw(200, said))) as server:
        assert ask(server.url, tmp_path) == {"y": ASKED}


def test_a_token_that_is_not_taken_is_said_to_be_so(tmp_path: Path) -> None:
    with answering(tmp_path, echoed) as server, pytest.raises(Unauthorized, match="401"):
        ask(server.url, tmp_path, token=TOKEN[1:])


def test_a_failure_says_what_the_server_said(tmp_path: Path) -> None:
    with answering(tmp_path, echoed) as server:
        with pytest.raises(EndpointFailed, match="HTTP 404: no such model"):
            ask(server.url, tmp_path, model="../other")
        server.answering = always(Raw(500, b"x" * 5000))
        with pytest.raises(EndpointFailed, match=r"HTTP 500: x{200}$"):
            ask(server.url, tmp_path)


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with answering(tmp_path, echoed) as server:
        server.answering = always(Raw(307, b"", {"Location": f"{server.url}/elsewhere"}))
        with pytest.raises(EndpointFailed, match="HTTP 307"):
            ask(server.url, tmp_path)
        assert len(server.tokens) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Raw(200, b"hello"),
        Raw(200, b"{}", {LENGTH_HEADER: "-3"}),
        Raw(200, b"{}", {LENGTH_HEADER: "99"}),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(answer: Raw, tmp_path: Path) -> None:
    with answering(tmp_path, always(answer)) as server, pytest.raises(Refused, match="answer"):
        ask(server.url, tmp_path)


def test_an_answer_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "LONGEST_ANSWER_BYTES", 100_000)
    with (
        answering(tmp_path, always(Raw(200, b" " * 200_000))) as server,
        pytest.raises(EndpointFailed, match="larger than 100000 bytes"),
    ):
        ask(server.url, tmp_path)


def test_a_server_that_is_not_there_or_is_another_is_a_passing_failure(tmp_path: Path) -> None:
    with answering(tmp_path, echoed) as server:
        url = server.url
        with pytest.raises(EndpointFailed, match="SSLError"):
            Endpoint(url, model=MODEL, token=TOKEN).ask([ASKED])
        with pytest.raises(EndpointFailed, match="OSError"):
            Endpoint(url, model=MODEL, ca=tmp_path / "absent", token=TOKEN).ask([ASKED])
    with pytest.raises(EndpointFailed, match="ConnectionError"):
        ask(url, tmp_path)


def test_a_token_goes_over_tls_alone() -> None:
    with pytest.raises(Refused, match="https"):
        Endpoint("http://127.0.0.1:9", model=MODEL, token=TOKEN)
    with pytest.raises(Refused, match="https"):
        Endpoint("ftp://127.0.0.1:9", model=MODEL)
    with pytest.raises(EndpointFailed):
        Endpoint("http://127.0.0.1:9", model=MODEL).ask([ASKED])
