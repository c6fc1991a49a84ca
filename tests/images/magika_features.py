"""What magika's model is asked and what its answer means, without the magika library.

The model sees the first and the last bytes of a file, stripped of white space, as 2,048 numbers,
and gives one score for each kind of file it knows. Its own settings file says the rest.
"""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from images.models import magika_package

Tensors = dict[str, Any]
INPUT = "bytes"
OUTPUT = "target_label"


def inputs(content: bytes) -> Tensors:
    """Return the model's input for one file: {"bytes": {"datatype", "shape", "data"}}."""
    tokens = _first(content) + _last(content)
    return {INPUT: {"datatype": "INT32", "shape": [1, len(tokens)], "data": tokens}}


def label(outputs: Mapping[str, Sequence[Sequence[float]]]) -> tuple[str, float]:
    """Return the kind of file and its score from the model's output, one row of scores.

    A guess below the model's own threshold becomes `txt` or `unknown`.
    """
    settings = _settings()
    scores = outputs[OUTPUT][0]
    best = max(range(len(scores)), key=scores.__getitem__)
    guess = settings["target_labels_space"][best]
    named = settings["overwrite_map"].get(guess, guess)
    threshold = settings["thresholds"].get(guess, settings["medium_confidence_threshold"])
    if scores[best] >= threshold:
        return named, scores[best]
    return ("txt" if _kinds()[named]["is_text"] else "unknown"), scores[best]


def classify(infer: Callable[[Tensors], Tensors], content: bytes) -> tuple[str, float]:
    """Return (label, score) of a file's content; `infer` maps the inputs to the model's outputs.

    Too few bytes for the model are judged by themselves: `empty`, `txt` or `unknown`, score 1.
    """
    if not content:
        return "empty", 1.0
    enough = _settings()["min_file_size_for_dl"]
    if len(_stripped_start(content)) < enough:
        return _few(content[: _settings()["block_size"]]), 1.0
    return label(infer(inputs(content)))


def _first(content: bytes) -> list[int]:
    size = _settings()["beg_size"]
    tokens = list(_stripped_start(content)[:size])
    return tokens + _padding(size - len(tokens))


def _last(content: bytes) -> list[int]:
    size = _settings()["end_size"]
    tokens = list(content[-_settings()["block_size"] :].rstrip()[-size:])
    return _padding(size - len(tokens)) + tokens


def _stripped_start(content: bytes) -> bytes:
    return content[: _settings()["block_size"]].lstrip()


def _padding(count: int) -> list[int]:
    return [_settings()["padding_token"]] * count


def _few(content: bytes) -> str:
    try:
        content.decode()
    except UnicodeDecodeError:
        return "unknown"
    return "txt"


@functools.cache
def _settings() -> dict[str, Any]:
    path = next(magika_package().glob("models/*/config.min.json"))
    settings: dict[str, Any] = json.loads(path.read_text())
    return settings


@functools.cache
def _kinds() -> dict[str, Any]:
    kinds: dict[str, Any] = json.loads(
        (magika_package() / "config" / "content_types_kb.min.json").read_text()
    )
    return kinds
