"""What a host could serve instead of the agreed model: the same graph with other weights."""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, load, numpy_helper

# Below it are the constants of formulas, such as the 0.5 of an activation.
LEAST_WEIGHTS = 64


def noisy(model: ModelProto, *, relative: float, seed: int) -> ModelProto:
    """Return the model with each weight off by a normal error of this relative size."""
    draw = np.random.default_rng(seed)
    return _changed(model, lambda array: array * (1 + relative * draw.standard_normal(array.shape)))


def shuffled(model: ModelProto, *, seed: int) -> ModelProto:
    """Return the model with the weights of each tensor in another order: same sums, no sense."""
    draw = np.random.default_rng(seed)
    return _changed(model, lambda array: draw.permutation(array.reshape(-1)).reshape(array.shape))


def reseeded(model: ModelProto, *, seed: int) -> ModelProto:
    """Return the model as if it were untrained: each tensor drawn with its mean and spread."""
    draw = np.random.default_rng(seed)
    return _changed(model, lambda array: draw.normal(array.mean(), array.std(), array.shape))


def halved(model: ModelProto) -> ModelProto:
    """Return the model in FP16, with inputs and outputs as they were."""
    from onnxruntime.transformers.float16 import convert_float_to_float16

    copy = ModelProto()
    copy.CopyFrom(model)
    made: ModelProto = convert_float_to_float16(copy, keep_io_types=True)
    return made


def quantized(model: ModelProto) -> ModelProto:
    """Return the model with weights in INT8, as onnxruntime's dynamic quantization makes it."""
    from onnxruntime.quantization import quantize_dynamic

    logging.getLogger().setLevel(logging.ERROR)  # it warns that a graph could be prepared first
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder, "whole.onnx"), Path(folder, "small.onnx")
        whole.write_bytes(model.SerializeToString())
        quantize_dynamic(whole, small)
        return load(small)


def rewired(model: ModelProto, *, reader: str, output: str) -> ModelProto:
    """Return the model in which the node that writes `reader` reads `output` first."""
    copy = ModelProto()
    copy.CopyFrom(model)
    (node,) = (node for node in copy.graph.node if reader in node.output)
    node.input[0] = output
    return copy


def _changed(model: ModelProto, change: Callable[[Any], Any]) -> ModelProto:
    copy = ModelProto()
    copy.CopyFrom(model)
    for held in copy.graph.initializer:
        array = numpy_helper.to_array(held)
        if held.data_type == TensorProto.FLOAT and array.size >= LEAST_WEIGHTS:
            changed = change(array).astype(np.float32)
            held.CopyFrom(numpy_helper.from_array(changed, held.name))
    return copy
