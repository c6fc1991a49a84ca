"""`modelbond canaries` before a model's endpoint and without one."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import yaml

from fakes.canaries import tensor
from fakes.model_server import MODEL, ModelServer, answering
from images import models
from modelbond.cli.main import main
from modelbond.settlement.encoding import keccak
from modelbond.sla.canary import Expected, Rule, canaries_of
from modelbond.sla.tensor import Tensor, values

EXAMPLE = Path(__file__).parents[2] / "manifests" / "examples" / "magika-canaries.yaml"
QUESTION = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [[1, 2]]}
ANSWER = {"name": "y", "datatype": "FP32", "shape": [1, 2], "data": [2, 4]}
LABEL = {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["cat"]}


class Doubling:
    """A model whose output is twice its input, and off by `drift` more with each question."""

    def __init__(self, drift: float = 0.0) -> None:
        self.drift, self.asked = drift, 0

    def __call__(self, inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        off = self.drift * self.asked
        self.asked += 1
        answer = tensor(*(2 * number + off for number in values(inputs["x"])))
        return {"y": answer, "z": replace(answer, name="z")}


def written(folder: Path, *questions: dict[str, Any]) -> str:
    path = folder / "inputs.json"
    path.write_text(json.dumps(questions))
    return str(path)


def asked(server: ModelServer, folder: Path) -> list[str]:
    ca, token = ("--ca", str(folder / "ca.crt")), ("--token-file", str(folder / "token"))
    return ["--from-endpoint", server.url, "--model", MODEL, *ca, *token]


def test_what_a_model_answers_becomes_the_agreed_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = written(tmp_path, {"name": "one-two", "inputs": [QUESTION]})
    with answering(tmp_path, Doubling()) as server:
        rule = ["--rule", "cosine", "--ppm", "1000"]
        assert main(["canaries", "--inputs", inputs, *asked(server, tmp_path), *rule]) == 0
    (canary,) = canaries_of(capsys.readouterr().out)
    assert canary.name == "one-two"
    assert canary.inputs == (replace(tensor(1.0, 2.0), name="x"),)
    known = Expected(tensor=tensor(2.0, 4.0), rule=Rule.COSINE, ppm=1000)
    assert canary.expected == (known, replace(known, tensor=replace(known.tensor, name="z")))


def test_one_may_agree_on_some_outputs_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = written(tmp_path, {"name": "one-two", "inputs": [QUESTION]})
    with answering(tmp_path, Doubling()) as server:
        made = ["canaries", "--inputs", inputs, *asked(server, tmp_path), "--rule", "argmax"]
        assert main([*made, "--output", "z"]) == 0
        (canary,) = canaries_of(capsys.readouterr().out)
        assert [expected.tensor.name for expected in canary.expected] == ["z"]
        assert main([*made, "--output", "w"]) == 2
    assert "there is no output w; it has y, z" in capsys.readouterr().err


def test_a_model_that_does_not_agree_with_itself_makes_no_canaries(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = written(tmp_path, {"name": "one-two", "inputs": [QUESTION]})
    with answering(tmp_path, Doubling(drift=0.01)) as server:
        made = ["canaries", "--inputs", inputs, *asked(server, tmp_path), "--rule", "close"]
        assert main([*made, "--ppm", "100"]) == 2
        told = capsys.readouterr()
        assert "one-two: the endpoint's answer does not agree: y: element 0" in told.err
        assert told.out == ""
        assert main([*made, "--ppm", "10000"]) == 0


def test_recorded_answers_need_no_endpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = {"name": "r", "inputs": [QUESTION], "outputs": [ANSWER, LABEL]}
    inputs = written(tmp_path, recorded)
    assert main(["canaries", "--inputs", inputs, "--rule", "topK", "--k", "1"]) == 0
    (canary,) = canaries_of(capsys.readouterr().out)
    first, label = canary.expected
    assert (first.rule, first.k, values(first.tensor)) == (Rule.TOP_K, 1, (2.0, 4.0))
    assert (label.rule, label.tensor.data) == (Rule.CLOSE, b"\3\0\0\0cat")


def test_a_config_map_holds_the_same_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = written(tmp_path, {"name": "r", "inputs": [QUESTION], "outputs": [ANSWER]})
    make = ["canaries", "--inputs", inputs, "--rule", "argmax"]
    assert main(make) == 0
    plain = capsys.readouterr().out
    assert main([*make, "--configmap", "double-canaries"]) == 0
    body = yaml.safe_load(capsys.readouterr().out)
    assert (body["kind"], body["metadata"]) == ("ConfigMap", {"name": "double-canaries"})
    assert body["data"] == {"canaries.json": plain.strip()}


def test_a_check_says_what_a_document_holds_and_its_hash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = written(tmp_path, {"name": "r", "inputs": [QUESTION], "outputs": [ANSWER, LABEL]})
    assert main(["canaries", "--inputs", inputs, "--rule", "cosine", "--ppm", "7"]) == 0
    text = capsys.readouterr().out.strip()
    document = tmp_path / "canaries.json"
    document.write_text(json.dumps(json.loads(text), indent=2))
    assert main(["canaries", "--check", str(document)]) == 0
    assert capsys.readouterr().out == (
        f"canaries: 1\nbytes: {len(text)}\nhash: 0x{keccak(text.encode()).hex()}\n"
        "rule: close 0 ppm (1 outputs)\nrule: cosine 7 ppm (1 outputs)\n"
    )


def test_a_check_asks_the_endpoint_where_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = written(tmp_path, {"name": "r", "inputs": [QUESTION], "outputs": [ANSWER]})
    assert main(["canaries", "--inputs", inputs, "--rule", "close"]) == 0
    document = tmp_path / "canaries.json"
    document.write_text(capsys.readouterr().out)
    with answering(tmp_path, Doubling()) as server:
        check = ["canaries", "--check", str(document), *asked(server, tmp_path)]
        assert main(check) == 0
        assert "endpoint: answers all of them as agreed" in capsys.readouterr().out
        server.answering = lambda inputs: {"y": replace(inputs["x"], name="y")}
        assert main(check) == 2
    assert "r: the endpoint's answer does not agree: y: element 0 is 1, not 2" in (
        capsys.readouterr().err
    )


def test_the_real_magika_answers_the_examples_canaries_as_agreed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "canaries.json"
    document.write_text(yaml.safe_load(EXAMPLE.read_text())["data"]["canaries.json"])
    session = onnxruntime.InferenceSession(models.magika().path / models.WEIGHTS)

    def magika(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        asked = inputs["bytes"]
        array = np.frombuffer(asked.data, dtype="<i4").reshape(asked.shape)
        scores = session.run(["target_label"], {"bytes": array})[0]
        return {"target_label": replace(tensor(*scores[0].tolist()), name="target_label")}

    with answering(tmp_path, magika) as server:
        check = ["canaries", "--check", str(document), *asked(server, tmp_path)]
        assert main(check) == 0
        assert "endpoint: answers all of them as agreed" in capsys.readouterr().out
        server.answering = lambda inputs: {
            name: replace(found, data=bytes(len(found.data)))
            for name, found in magika(inputs).items()
        }
        assert main(check) == 2
    assert "target_label: all zeros" in capsys.readouterr().err


RECORDED = {"name": "r", "inputs": [QUESTION], "outputs": [ANSWER]}


@pytest.mark.parametrize(
    ("questions", "options", "said"),
    [
        ([RECORDED], [], "--rule is missing"),
        ([RECORDED], ["--rule", "close", "--from-endpoint", "https://x"], "--model is missing"),
        ([RECORDED], ["--rule", "topK"], "expected[0].k: must be from 1"),
        ([RECORDED], ["--rule", "close", "--ppm", "-1"], "expected[0].ppm: must be"),
        ([RECORDED, RECORDED], ["--rule", "close"], "canaries: names r twice"),
        ([], ["--rule", "close"], "inputs: must be a list of 1 to 64"),
        ([{"name": "r"}], ["--rule", "close"], "inputs[0]: must hold name, inputs"),
        ([{**RECORDED, "name": "a b"}], ["--rule", "close"], "canaries[0].name: must match"),
        ([{"name": "r", "inputs": [QUESTION]}], ["--rule", "close"], "it has no outputs"),
        (
            [{"name": "r", "inputs": [{**QUESTION, "datatype": "FP99"}]}],
            ["--rule", "close"],
            "inputs[0].inputs[0].datatype: is none of",
        ),
    ],
)
def test_what_makes_no_document_is_refused_in_one_line(
    questions: list[dict[str, Any]],
    options: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["canaries", "--inputs", written(tmp_path, *questions), *options]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("modelbond: error: ")
    assert said in told.err
    assert told.out == ""


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff")
    for name in ("absent", "binary"):
        assert main(["canaries", "--check", str(tmp_path / name)]) == 2
        assert f"{name} cannot be read" in capsys.readouterr().err
