"""The config.pbtxt that Triton needs beside a fetched model."""

import re

from modelbond.errors import Refused
from modelbond.fetching.formats import model_format

CONFIG_NAME = "config.pbtxt"
MODEL_VERSION = "1"

_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?")


def checked_model_name(name: str) -> str:
    """Return the name as given; Refused when it could be more than a name in a path or a text."""
    if _NAME.fullmatch(name):
        return name
    raise Refused(f"model name {name!r} is not 1 to 63 letters, digits, '-' or '_'")


def triton_config(*, model_name: str, format_name: str) -> str:
    """Return the text of config.pbtxt. Tensor names, types and shapes come from the model file.

    No batch dimension is added (`max_batch_size: 0`), so that shapes are those of the model.
    """
    name = checked_model_name(model_name)
    backend = model_format(format_name).backend
    return f'name: "{name}"\nbackend: "{backend}"\nmax_batch_size: 0\n'
