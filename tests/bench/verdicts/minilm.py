"""all-MiniLM-L6-v2 as an ONNX graph, made from its safetensors without any framework."""

import json
import math
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

LAYERS = 6
HEADS = 12
WIDTH = 384
EPSILON = 1e-12
OPSET = 17
# In place of minus infinity before the softmax, for FP16 holds nothing below -65,504.
HIDDEN_SCORE = -1e4

Array = NDArray[np.float32]
Weights = Mapping[str, Array]
_TYPES = {"F32": "<f4", "I64": "<i8"}


def weights_of(path: Path) -> dict[str, Array]:
    """Return the named tensors of a safetensors file, those that an embedding needs."""
    content = path.read_bytes()
    (size,) = struct.unpack_from("<Q", content)
    found = {}
    for name, entry in json.loads(content[8 : 8 + size]).items():
        if name == "__metadata__" or name.startswith("pooler.") or entry["dtype"] == "I64":
            continue
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        array = np.frombuffer(content[begin:end], dtype=_TYPES[entry["dtype"]])
        found[name] = array.reshape(entry["shape"])
    return found


def graph(weights: Weights, *, layers: int = LAYERS) -> ModelProto:
    """Return the model for ONNX: `input_ids` and `attention_mask` in, `embedding` out."""
    made = _Graph(weights)
    made.embed()
    for number in range(layers):
        made.layer(f"encoder.layer.{number}")
    made.pool()
    rows = ["rows", "tokens"]
    body = helper.make_graph(
        made.nodes,
        "minilm",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, rows)
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["rows", WIDTH])],
        made.constants,
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    checker.check_model(model)
    return model


class _Graph:
    """Nodes as they come; `self.at` is the name of the hidden state so far."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.at = ""
        self._known: set[str] = set()

    def op(self, kind: str, *inputs: str, **attributes: float | list[int]) -> str:
        """Append a node and return its output."""
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def number(self, value: float | Iterable[int], kind: type = np.float32) -> str:
        """Return the name of a constant that is no weight."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype=kind), name))
        return name

    def weight(self, name: str, *, turned: bool = False) -> str:
        """Return the name of a weight, put into the graph once."""
        if name not in self._known:
            self._known.add(name)
            array = self.weights[name]
            laid = np.ascontiguousarray(array.T if turned else array)
            self.constants.append(numpy_helper.from_array(laid, name))
        return name

    def embed(self) -> None:
        words = self.op("Gather", self.weight("embeddings.word_embeddings.weight"), "input_ids")
        length = self.op("Gather", self.op("Shape", "input_ids"), self.number(1, np.int64))
        places = self.op("Range", self.number(0, np.int64), length, self.number(1, np.int64))
        table = self.weight("embeddings.position_embeddings.weight")
        kinds = self.weight("embeddings.token_type_embeddings.weight")
        kind = self.op("Gather", kinds, self.number(0, np.int64))
        summed = self.op("Add", self.op("Add", words, self.op("Gather", table, places)), kind)
        self.at = self.normal(summed, "embeddings.LayerNorm")
        self.mask = self.op("Cast", "attention_mask", to=TensorProto.FLOAT)
        hidden = self.op("Sub", self.number(1.0), self.mask)
        scores = self.op("Mul", hidden, self.number(HIDDEN_SCORE))
        self.hidden = self.op("Unsqueeze", scores, self.number([1, 2], np.int64))

    def layer(self, name: str) -> None:
        context = self.attention(f"{name}.attention.self")
        out = self.dense(context, f"{name}.attention.output.dense")
        self.at = self.normal(self.op("Add", self.at, out), f"{name}.attention.output.LayerNorm")
        inner = self.gelu(self.dense(self.at, f"{name}.intermediate.dense"))
        out = self.dense(inner, f"{name}.output.dense")
        self.at = self.normal(self.op("Add", self.at, out), f"{name}.output.LayerNorm")

    def attention(self, name: str) -> str:
        query, key, value = (
            self.heads(self.dense(self.at, f"{name}.{part}")) for part in ("query", "key", "value")
        )
        turned = self.op("Transpose", key, perm=[0, 1, 3, 2])
        scores = self.op("MatMul", query, turned)
        scaled = self.op("Div", scores, self.number(math.sqrt(WIDTH / HEADS)))
        shares = self.op("Softmax", self.op("Add", scaled, self.hidden), axis=-1)
        merged = self.op("Transpose", self.op("MatMul", shares, value), perm=[0, 2, 1, 3])
        return self.op("Reshape", merged, self.number([0, 0, WIDTH], np.int64))

    def heads(self, state: str) -> str:
        split = self.op("Reshape", state, self.number([0, 0, HEADS, WIDTH // HEADS], np.int64))
        return self.op("Transpose", split, perm=[0, 2, 1, 3])

    def dense(self, state: str, name: str) -> str:
        product = self.op("MatMul", state, self.weight(f"{name}.weight", turned=True))
        return self.op("Add", product, self.weight(f"{name}.bias"))

    def normal(self, state: str, name: str) -> str:
        scale, shift = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.op("LayerNormalization", state, scale, shift, axis=-1, epsilon=EPSILON)

    def gelu(self, state: str) -> str:
        bent = self.op("Erf", self.op("Div", state, self.number(math.sqrt(2))))
        grown = self.op("Mul", state, self.op("Add", bent, self.number(1.0)))
        return self.op("Mul", grown, self.number(0.5))

    def pool(self) -> None:
        weights = self.op("Unsqueeze", self.mask, self.number([2], np.int64))
        axis = self.number([1], np.int64)
        summed = self.op("ReduceSum", self.op("Mul", self.at, weights), axis, keepdims=0)
        mean = self.op("Div", summed, self.op("ReduceSum", weights, axis, keepdims=0))
        length = self.op("ReduceL2", mean, axes=[1], keepdims=1)
        self.nodes.append(helper.make_node("Div", [mean, length], ["embedding"]))
