"""Triton backend `onnxruntime`, in Python: serves a model.onnx on the CPU as NVIDIA's own does.

Tensor names, types and shapes come from the model file, so a config.pbtxt that holds only the
name and the backend is enough. One difference is on purpose: a batch is never capped, because
the shapes are declared exactly as the model has them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import triton_python_backend_utils as triton  # type: ignore[import-not-found]

Array = np.ndarray[Any, np.dtype[Any]]
TRITON_TYPES = {
    "tensor(bool)": "TYPE_BOOL",
    "tensor(double)": "TYPE_FP64",
    "tensor(float)": "TYPE_FP32",
    "tensor(float16)": "TYPE_FP16",
    "tensor(int16)": "TYPE_INT16",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(int8)": "TYPE_INT8",
    "tensor(string)": "TYPE_STRING",
    "tensor(uint16)": "TYPE_UINT16",
    "tensor(uint32)": "TYPE_UINT32",
    "tensor(uint64)": "TYPE_UINT64",
    "tensor(uint8)": "TYPE_UINT8",
}


class TritonPythonModel:
    """One instance of one ONNX model. Triton makes and calls it."""

    @staticmethod
    def auto_complete_config(config: Any) -> Any:
        """Declare the model's own tensors; a model that cannot be read fails the load here."""
        declared = config.as_dict()
        session = load_session(declared)
        batched = declared["max_batch_size"] > 0
        for tensor in session.get_inputs():
            config.add_input(declaration(tensor, batched=batched))
        for tensor in session.get_outputs():
            config.add_output(declaration(tensor, batched=batched))
        return config

    def initialize(self, args: dict[str, str]) -> None:
        """Load the weights once for this instance."""
        self.session = load_session(json.loads(args["model_config"]))

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request by itself: a bad one must not fail its neighbours."""
        return [self.respond(request) for request in requests]

    def respond(self, request: Any) -> Any:
        """Run the model for one request; what the runtime refuses is the request's error."""
        names = [output.name for output in self.session.get_outputs()]
        wanted = [name for name in names if name in request.requested_output_names()]
        feeds = {tensor.name(): from_triton(tensor.as_numpy()) for tensor in request.inputs()}
        try:
            arrays = self.session.run(wanted, feeds)
        except Exception as refused:  # noqa: BLE001  # the runtime has no common base class
            return triton.InferenceResponse(error=triton.TritonError(str(refused)))
        tensors = [
            triton.Tensor(name, to_triton(array))
            for name, array in zip(wanted, arrays, strict=True)
        ]
        return triton.InferenceResponse(output_tensors=tensors)


def load_session(config: dict[str, Any]) -> onnxruntime.InferenceSession:
    """Open the model file that the configuration names, on one thread of the CPU."""
    options = onnxruntime.SessionOptions()
    # Many pods share the few cores of a test machine: a pool for each would only spin.
    options.intra_op_num_threads = 1
    path = Path(triton.get_model_dir()) / (config["default_model_filename"] or "model.onnx")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def declaration(tensor: Any, *, batched: bool) -> dict[str, Any]:
    """Describe one tensor as config.pbtxt would; a dimension with a name or none is dynamic."""
    if tensor.type not in TRITON_TYPES:
        raise triton.TritonModelException(f"tensor {tensor.name}: {tensor.type} is not served")
    dims = [size if isinstance(size, int) else -1 for size in tensor.shape]
    # Triton adds the batch dimension by itself when the configuration sets max_batch_size.
    dims = dims[1:] if batched else dims
    return {"name": tensor.name, "data_type": TRITON_TYPES[tensor.type], "dims": dims}


def from_triton(array: Array) -> Array:
    """Give the runtime text where Triton hands over strings as bytes."""
    if array.dtype != np.object_:
        return array
    return np.array([text.decode() for text in array.flat], np.object_).reshape(array.shape)


def to_triton(array: Array) -> Array:
    """Give Triton strings as bytes where the runtime answers with text."""
    if array.dtype != np.object_:
        return array
    return np.array([text.encode() for text in array.flat], np.object_).reshape(array.shape)
