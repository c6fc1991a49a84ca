"""The agreed canaries of demo and examples: what the real magika answers to files made up here.

`python -m images.magika_canaries` prints manifests/examples/magika-canaries.yaml.
"""

import sys
from collections.abc import Callable
from itertools import count, islice
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from images import magika_features, magika_samples, models
from modelbond.cli.canaries import config_map
from modelbond.cli.output import as_yaml
from modelbond.sla.canary import Canary, Expected, Rule, Tensor, canaries_text

NAME = "magika-canaries"
NAMESPACE = "models"
COUNT = 8
RULE = Rule.COSINE
# What sets honest hosts apart, with room to spare: docs/reference/cheats.md.
PPM = 100
HEAD = """\
# Agreed canaries for the model magika: files of mixed kinds, and the scores that the real model
# gives them. Made by `python -m images.magika_canaries`; make your own by `modelbond canaries`.
"""

Scores = NDArray[np.float32]
Scoring = Callable[[bytes], Scores]


def canaries() -> list[Canary]:
    """Return the first files of which the model is not too sure, with its answers of today."""
    score = _model()
    samples = (magika_samples.sample(seed) for seed in count(1))
    asked = ((name, content, score(content)) for name, content in samples)
    unsure = (each for each in asked if float(each[2].max()) < magika_samples.SURE)
    return [canary(*each) for each in islice(unsure, COUNT)]


def canary(name: str, content: bytes, scores: Scores) -> Canary:
    """Return the question about a file with its agreed answer."""
    known = Tensor(
        name=magika_features.OUTPUT,
        datatype="FP32",
        shape=scores.shape,
        data=scores.astype("<f4").tobytes(),
    )
    expected = Expected(tensor=known, rule=RULE, ppm=PPM)
    return Canary(name=name, inputs=(question(content),), expected=(expected,))


def question(content: bytes) -> Tensor:
    """Return what the model is asked about a file."""
    asked = magika_features.inputs(content)[magika_features.INPUT]
    return Tensor(
        name=magika_features.INPUT,
        datatype=asked["datatype"],
        shape=tuple(asked["shape"]),
        data=np.array(asked["data"], dtype="<i4").tobytes(),
    )


def manifest() -> str:
    """Return the ConfigMap as a manifest."""
    body = config_map(NAME, canaries_text(canaries()))
    body["metadata"]["namespace"] = NAMESPACE
    return HEAD + as_yaml([body])


def _model() -> Scoring:
    session = onnxruntime.InferenceSession(models.magika().path / models.WEIGHTS)

    def score(content: bytes) -> Scores:
        asked: Any = magika_features.inputs(content)[magika_features.INPUT]
        array = np.array(asked["data"], dtype=np.int32).reshape(asked["shape"])
        scores: Scores = session.run([magika_features.OUTPUT], {magika_features.INPUT: array})[0]
        return scores

    return score


if __name__ == "__main__":
    sys.stdout.write(manifest())
