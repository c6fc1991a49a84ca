"""Answers of a model, however it is run: by onnxruntime, by plain numpy, or not at all."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from onnx.reference.ops import op_conv

Arrays = Mapping[str, NDArray[Any]]
# None is no answer that anybody could compare: HTTP 500.
Answering = Callable[[Arrays], Arrays | None]


def served(model: ModelProto, *, threads: int = 1, optimised: bool = True) -> Answering:
    """Return the model as onnxruntime runs it on the processor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = (
        levels.ORT_ENABLE_ALL if optimised else levels.ORT_DISABLE_ALL
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, dict(inputs)), strict=True))


def batched(answering: Answering, others: Sequence[Arrays]) -> Answering:
    """Return a server that puts other people's questions into one batch with each of ours."""

    def answer(inputs: Arrays) -> Arrays | None:
        together = {
            name: np.concatenate([array, *(other[name] for other in others)])
            for name, array in inputs.items()
        }
        found = answering(together)
        return found and {name: array[:1] for name, array in found.items()}

    return answer


def by_reference(model: ModelProto, *, half_products: bool = False) -> Answering:
    """Return the model as the ONNX project's own reference in numpy runs it.

    With `half_products` matrices and convolutions take and give FP16 and sum in FP32, and all else
    is FP32: what GPUs do under automatic mixed precision.
    """
    halves = [MatMul, Conv] if half_products else []
    evaluator = ReferenceEvaluator(model, new_ops=[GlobalMaxPool, *halves])
    names = [output.name for output in model.graph.output]
    return lambda inputs: dict(zip(names, evaluator.run(names, dict(inputs)), strict=True))


def dead(_: Arrays) -> None:
    """Answer nothing: the endpoint is up, its backend is not, and each request gets a 500."""


class GlobalMaxPool(OpRun):  # type: ignore[misc] # onnx ships without types
    """As the standard has it; the reference of onnx 1.23 drops the axes that must stay."""

    op_domain = ""

    def _run(self, state: NDArray[Any]) -> tuple[NDArray[Any]]:
        return (state.max(axis=tuple(range(2, state.ndim)), keepdims=True),)


class MatMul(OpRun):  # type: ignore[misc] # onnx ships without types
    """The product of two matrices of FP16."""

    op_domain = ""

    def _run(self, left: NDArray[Any], right: NDArray[Any]) -> tuple[NDArray[Any]]:
        return (_half(_half(left) @ _half(right)),)


class Conv(op_conv.Conv):  # type: ignore[misc] # onnx ships without types
    """The convolution of FP16."""

    op_domain = ""

    def _run(self, state: NDArray[Any], weights: NDArray[Any], *more: Any, **settings: Any) -> Any:
        (folded,) = super()._run(_half(state), _half(weights), *more, **settings)
        return (_half(folded),)


def _half(array: NDArray[Any]) -> NDArray[Any]:
    """Return the numbers as FP16 holds them, in the type that numpy multiplies quickly."""
    return array.astype(np.float16).astype(np.float32)
