"""The bench of cheats, on models small enough to know the answers by heart."""

import math
import re
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

from bench.verdicts import changes, minilm, minilm_numpy
from bench.verdicts.measure import (
    Apart,
    Question,
    canary_of,
    charged,
    found_after,
    needs,
    tolerance,
)
from bench.verdicts.running import Arrays, batched, by_reference, dead, served
from bench.verdicts.variants import canned
from bench.verdicts.wordpiece import token_ids
from images import magika_canaries, magika_samples
from modelbond.sla.canary import Rule, canaries_of, mismatch
from modelbond.sla.closeness import PPM

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "cheats.md").read_text()
EXAMPLE = ROOT / "manifests" / "examples" / "magika-canaries.yaml"


def linear(*, seed: int = 1) -> onnx.ModelProto:
    """Return a model that multiplies rows of 8 numbers by a matrix drawn from the seed."""
    matrix = np.random.default_rng(seed).standard_normal((8, 8)).astype(np.float32)
    x, y = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 8]) for name in ("x", "y")
    )
    node = helper.make_node("MatMul", ["x", "matrix"], ["y"])
    graph = helper.make_graph(
        [node], "linear", [x], [y], [numpy_helper.from_array(matrix, "matrix")]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def asked(seed: int) -> Arrays:
    return {"x": np.random.default_rng(seed).standard_normal((1, 8)).astype(np.float32)}


def questions(count: int) -> list[Question]:
    true = served(linear())
    every = [asked(seed) for seed in range(count)]
    return [Question(asked=each, canary=canary_of(each, true(each) or {})) for each in every]


def cosine_needs(model: onnx.ModelProto) -> list[int]:
    return needs(questions(8), served(model))[Rule.COSINE]


def test_the_same_model_needs_no_tolerance_and_a_dead_one_finds_none() -> None:
    same = needs(questions(3), served(linear()))
    assert all(same[rule] == [0, 0, 0] for rule in (Rule.COSINE, Rule.CLOSE, Rule.ARGMAX))
    assert needs(questions(3), dead)[Rule.COSINE] == [PPM] * 3


def test_a_larger_change_needs_a_larger_tolerance() -> None:
    small, large = (
        max(cosine_needs(changes.noisy(linear(), relative=size, seed=1))) for size in (0.001, 0.05)
    )
    assert 0 < small < large
    assert max(cosine_needs(changes.halved(linear()))) < large
    assert max(cosine_needs(changes.quantized(linear()))) > 0
    for other in (changes.shuffled(linear(), seed=2), changes.reseeded(linear(), seed=2)):
        assert min(cosine_needs(other)) > large


def test_neither_company_nor_another_runtime_changes_an_answer() -> None:
    others = [asked(seed) for seed in range(100, 107)]
    for host in (batched(served(linear()), others), by_reference(linear())):
        assert max(needs(questions(8), host)[Rule.COSINE]) <= 1
    halves = by_reference(linear(), half_products=True)
    assert max(needs(questions(8), halves)[Rule.CLOSE]) > 1


def test_canned_answers_are_right_to_known_questions_alone() -> None:
    known, unknown = questions(4), questions(8)[4:]
    host = canned(served(linear()), [each.asked for each in known], otherwise=lambda first: first)
    assert needs(known, host)[Rule.COSINE] == [0] * 4
    assert min(needs(unknown, host)[Rule.COSINE]) > 1000


def apart(*ppms: int) -> Apart:
    found = {Rule.COSINE: list(ppms), Rule.ARGMAX: list(ppms)}
    return Apart(name="host", calibration=[found], agreed=[], hidden=[])


def test_the_tolerance_is_ten_times_what_honest_hosts_need_in_round_numbers() -> None:
    assert tolerance(Rule.COSINE, [apart(0, 0)]) == 10
    assert tolerance(Rule.COSINE, [apart(0, 2), apart(5)]) == 50
    assert tolerance(Rule.COSINE, [apart(6)]) == 100
    assert tolerance(Rule.COSINE, [apart(PPM)]) == PPM - 1
    assert tolerance(Rule.ARGMAX, [apart(5)]) == 0


@pytest.mark.parametrize("wrong", range(5))
def test_the_chances_are_those_of_drawing_each_canary_at_random(wrong: int) -> None:
    found = {Rule.COSINE: [100] * wrong + [0] * (4 - wrong)}
    disagrees = [ppm > 10 for ppm in found[Rule.COSINE]]
    slices = [all(drawn) for drawn in product(disagrees, repeat=2)]
    bad = sum(slices) / len(slices)
    assert found_after(1, Rule.COSINE, [found], ppm=10) == pytest.approx(bad)
    assert found_after(3, Rule.COSINE, [found], ppm=10) == pytest.approx(1 - (1 - bad) ** 3)
    quorums = [sum(three) >= 2 for three in product(slices, repeat=3)]
    assert charged(Rule.COSINE, [found], ppm=10) == pytest.approx(sum(quorums) / len(quorums))


def test_chances_are_the_mean_over_the_seeds() -> None:
    all_wrong, none_wrong = {Rule.COSINE: [100] * 4}, {Rule.COSINE: [0] * 4}
    assert found_after(10, Rule.COSINE, [all_wrong, none_wrong], ppm=10) == 1 / 2


def test_words_are_cut_into_the_longest_known_pieces() -> None:
    pieces = {"[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "cafe": 4, "play": 5, "##ing": 6, "##in": 7}
    assert token_ids("Café playing", pieces) == [1, 4, 5, 6, 2]
    assert token_ids("playxyz !", pieces) == [1, 3, 3, 2]


def random_weights() -> dict[str, minilm.Array]:
    """Return weights of the embedding model's shapes, with few words."""
    draw = np.random.default_rng(7)
    width, inner = minilm.WIDTH, 4 * minilm.WIDTH
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (50, width),
        "embeddings.position_embeddings.weight": (16, width),
        "embeddings.token_type_embeddings.weight": (2, width),
    }
    denses = {f"attention.self.{part}": (width, width) for part in ("query", "key", "value")}
    denses |= {"attention.output.dense": (width, width)}
    denses |= {"intermediate.dense": (inner, width), "output.dense": (width, inner)}
    norms = ["embeddings.LayerNorm"]
    for number in range(minilm.LAYERS):
        layer = f"encoder.layer.{number}"
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
        for name, shape in denses.items():
            shapes |= {f"{layer}.{name}.weight": shape, f"{layer}.{name}.bias": shape[:1]}
    for name in norms:
        shapes |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
    return {
        name: (draw.standard_normal(shape) / math.sqrt(width)).astype(np.float32)
        for name, shape in shapes.items()
    }


def test_the_graph_of_the_embedding_model_computes_what_numpy_computes() -> None:
    weights = random_weights()
    ids = np.array([[3, 9, 4, 0, 0], [5, 6, 7, 8, 1]], dtype=np.int64)
    inputs = {"input_ids": ids, "attention_mask": (ids != 0).astype(np.int64)}
    answer = served(minilm.graph(weights))(inputs)
    assert answer is not None
    by_numpy = minilm_numpy.embedding(weights, inputs["input_ids"], inputs["attention_mask"])
    np.testing.assert_allclose(answer["embedding"], by_numpy, atol=2e-6)


def test_what_is_behind_the_mask_changes_no_embedding() -> None:
    weights = random_weights()
    mask = np.array([[1, 1, 0]], dtype=np.int64)
    first, second = (
        minilm_numpy.embedding(weights, np.array([[3, 9, last]], dtype=np.int64), mask)
        for last in (4, 40)
    )
    np.testing.assert_array_equal(first, second)


def test_a_sample_is_the_same_each_time_and_each_kind_comes() -> None:
    names = {magika_samples.sample(seed)[0].split("-")[0] for seed in range(300)}
    assert names == set(magika_samples.KINDS)
    assert magika_samples.sample(5) == magika_samples.sample(5)


def test_the_examples_canaries_are_what_the_real_model_answers() -> None:
    body = yaml.safe_load(EXAMPLE.read_text())
    kept = canaries_of(body["data"]["canaries.json"])
    today = magika_canaries.canaries()
    assert [(each.name, each.inputs) for each in kept] == [
        (each.name, each.inputs) for each in today
    ]
    for canary, now in zip(kept, today, strict=True):
        answers = {expected.tensor.name: expected.tensor for expected in now.expected}
        assert mismatch(canary, answers) is None


def test_the_examples_tolerance_is_the_one_that_was_measured() -> None:
    section = PAGE.partition("\n## magika\n")[2]
    measured = re.search(r"rule `(\w+)`, ([\d,]+) ppm", section)
    assert measured is not None
    assert measured[1] == magika_canaries.RULE.value
    assert int(measured[2].replace(",", "")) == magika_canaries.PPM


def test_the_page_says_that_no_honest_host_was_accused_and_what_stays_unseen() -> None:
    assert re.findall(r"Honest hosts: \*\*(\d+) of", PAGE) == ["0", "0"]
    assert "## What the agreed set cannot see" in PAGE
    for canned_row in re.findall(r"\| canned answers[^\n]*", PAGE):
        assert canned_row.split("|")[2:5] == [" 0 % "] * 3
