"""The models of tests and demo: folders of weights with their SHA256SUMS, made from packages."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import NodeProto, TensorProto, helper

from cluster import steps

SUMS = "SHA256SUMS"
WEIGHTS = "model.onnx"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A folder that a file server hands out: `size` is in bytes, SHA256SUMS not counted."""

    name: str
    path: Path
    digest: str
    size: int


def magika() -> ModelFolder:
    """Return the real model of the demo: what kind of file some bytes are, 3 MB."""
    source = next(magika_package().glob(f"models/*/{WEIGHTS}"))
    return _folder("magika", source.read_bytes())


def tiny() -> ModelFolder:
    """Return a model that loads at once: `y` is twice `x`, any number of rows of 4 FP32."""
    return _folder("tiny", _graph(helper.make_node("Add", ["x", "x"], ["y"])))


def other() -> ModelFolder:
    """Return another model of the same shapes: `y` is `x` squared."""
    return _folder("other", _graph(helper.make_node("Mul", ["x", "x"], ["y"])))


def _graph(node: NodeProto) -> bytes:
    rows = ["rows", 4]
    graph = helper.make_graph(
        [node],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, rows)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, rows)],
    )
    # Old versions, so that every runtime reads it.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def tampered() -> Path:
    """Return the tiny model's folder with one changed byte in the weights: a lying source."""
    honest = tiny().path

    def build(folder: Path) -> None:
        weights = bytearray((honest / WEIGHTS).read_bytes())
        weights[-1] ^= 1
        (folder / WEIGHTS).write_bytes(weights)
        (folder / SUMS).write_bytes((honest / SUMS).read_bytes())

    return steps.built("model-tampered", steps.digest_of(honest), build)


def magika_package() -> Path:
    """Return the folder of the installed package, without importing it: that takes seconds."""
    found = importlib.util.find_spec("magika")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("the package magika is missing: `make .venv` installs it")
    return Path(found.submodule_search_locations[0])


def _folder(name: str, weights: bytes) -> ModelFolder:
    def build(folder: Path) -> None:
        (folder / WEIGHTS).write_bytes(weights)
        (folder / SUMS).write_text(f"{hashlib.sha256(weights).hexdigest()}  {WEIGHTS}\n")

    path = steps.built(f"model-{name}", steps.digest_of(weights), build)
    digest = hashlib.sha256((path / SUMS).read_bytes()).hexdigest()
    return ModelFolder(name=name, path=path, digest=f"sha256:{digest}", size=len(weights))
