"""all-MiniLM-L6-v2 in plain numpy: "another runtime", and a check of the ONNX graph beside it."""

import math

import numpy as np
from numpy.typing import NDArray

from bench.verdicts.minilm import EPSILON, HEADS, HIDDEN_SCORE, LAYERS, WIDTH, Array, Weights

# Abramowitz and Stegun, 7.1.26: erf to 1.5e-7, which is what FP32 can hold.
_BEND = 0.3275911
_SERIES = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


def embedding(weights: Weights, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Array:
    """Return the embeddings of rows of token ids by numpy alone."""
    words = weights["embeddings.word_embeddings.weight"][ids]
    places = weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
    kind = weights["embeddings.token_type_embeddings.weight"][0]
    state = _normal(words + places + kind, weights, "embeddings.LayerNorm")
    hidden = ((1 - mask) * HIDDEN_SCORE)[:, None, None, :].astype(np.float32)
    for number in range(LAYERS):
        state = _layer(state, hidden, weights, f"encoder.layer.{number}")
    mean = (state * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    length: Array = (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)
    return length


def _layer(state: Array, hidden: Array, weights: Weights, name: str) -> Array:
    def heads(part: str) -> Array:
        rows, tokens, _ = state.shape
        flat = _dense(state, weights, f"{name}.attention.self.{part}")
        return flat.reshape(rows, tokens, HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)

    scores = (
        heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.float32(math.sqrt(WIDTH / HEADS))
    )
    raised = np.exp(scores + hidden - (scores + hidden).max(axis=-1, keepdims=True))
    shares = raised / raised.sum(axis=-1, keepdims=True)
    context = (shares @ heads("value")).transpose(0, 2, 1, 3).reshape(state.shape)
    out = _dense(context, weights, f"{name}.attention.output.dense")
    state = _normal(state + out, weights, f"{name}.attention.output.LayerNorm")
    inner = _dense(state, weights, f"{name}.intermediate.dense")
    bent = inner * (1 + _erf(inner / np.float32(math.sqrt(2)))) * np.float32(0.5)
    out = _dense(bent, weights, f"{name}.output.dense")
    return _normal(state + out, weights, f"{name}.output.LayerNorm")


def _dense(state: Array, weights: Weights, name: str) -> Array:
    product: Array = state @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return product


def _normal(state: Array, weights: Weights, name: str) -> Array:
    centred = state - state.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(EPSILON))
    scaled: Array = centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return scaled


def _erf(state: Array) -> Array:
    inverse = 1 / (1 + np.float32(_BEND) * np.abs(state))
    series: Array = np.zeros_like(state)
    for factor in reversed(_SERIES):
        series = ((series + np.float32(factor)) * inverse).astype(np.float32)
    bent: Array = np.sign(state) * (1 - series * np.exp(-np.square(state)))
    return bent
