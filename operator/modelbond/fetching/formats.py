"""Which files a model of a format may hold: an allow-list, and never a pickle."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from modelbond.errors import Refused

# Loading one of these can run code that its author chose.
PICKLE_EXTENSIONS = frozenset(
    {
        ".bin",
        ".ckpt",
        ".dill",
        ".joblib",
        ".mar",
        ".npy",
        ".npz",
        ".pickle",
        ".pkl",
        ".pt",
        ".pt2",
        ".pth",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFormat:
    """What a model's folder must and may hold, and the Triton backend that loads it."""

    required: str
    extensions: frozenset[str]
    backend: str


FORMATS = {
    "onnx": ModelFormat(
        required="model.onnx",
        # Weights beside the graph are named by the exporter: .onnx_data and .data are usual.
        extensions=frozenset({".onnx", ".onnx_data", ".data", ".json", ".md", ".txt"}),
        backend="onnxruntime",
    )
}
BARE_NAMES = frozenset({"LICENSE", "NOTICE", "README"})


def model_format(name: str) -> ModelFormat:
    """Return the format of that name; Refused when there is none."""
    try:
        return FORMATS[name]
    except KeyError:
        known = ", ".join(sorted(FORMATS))
        raise Refused(f"format {name!r} is not known; known are: {known}") from None


def check_files(paths: Iterable[str], *, format_name: str) -> None:
    """Raise Refused when a listed path is a pickle, is not of this format, or the model lacks."""
    rules = model_format(format_name)
    listed = list(paths)
    for path in listed:
        _check_file(path, rules=rules, format_name=format_name)
    if rules.required not in listed:
        raise Refused(f"the model has no {rules.required}: format {format_name} needs that file")


def _check_file(path: str, *, rules: ModelFormat, format_name: str) -> None:
    name = PurePosixPath(path)
    extensions = {suffix.lower() for suffix in name.suffixes}
    if extensions & PICKLE_EXTENSIONS:
        raise Refused(f"{path} can hold a pickle, which runs code when loaded: convert the model")
    if name.suffix.lower() not in rules.extensions and name.name not in BARE_NAMES:
        raise Refused(f"{path} does not belong in a model of format {format_name}")
