"""Honest hosts that compute a little differently, and hosts that cheat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.verdicts import changes
from bench.verdicts.running import Answering, Arrays, batched, by_reference, dead, served
from bench.verdicts.subjects import Subject

SEEDS = 5
NOISES = ((0.001, "0.1 %"), (0.01, "1 %"), (0.05, "5 %"))
NEIGHBOURS = 7
Key = tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to serve a model. `make` returns it for a seed; one seed where nothing is drawn."""

    name: str
    make: Callable[[int], Answering]
    seeds: int = 1


def honest(subject: Subject, *, others: Sequence[Arrays]) -> list[Variant]:
    """Return hosts that serve the agreed model. `others` are questions beside ours in a batch."""
    model = subject.model
    return [
        Variant(name="the same again, 2 threads", make=lambda _: served(model, threads=2)),
        Variant(
            name="the same, no graph optimisation", make=lambda _: served(model, optimised=False)
        ),
        Variant(
            name=f"the same, in a batch of {1 + NEIGHBOURS}",
            make=lambda _: batched(served(model), others[:NEIGHBOURS]),
        ),
        Variant(name=f"another runtime: {subject.other_name}", make=lambda _: subject.other),
        Variant(name="FP16, as onnxruntime", make=lambda _: served(changes.halved(model))),
        Variant(
            name="FP16 in products, as GPUs sum them",
            make=lambda _: by_reference(model, half_products=True),
        ),
    ]


def cheats(subject: Subject, *, agreed: Sequence[Arrays]) -> list[Variant]:
    """Return hosts that serve something else; the last ones know the `agreed` questions."""
    model = subject.model
    return [
        Variant(
            name="wrong model: untrained weights",
            make=lambda seed: served(changes.reseeded(model, seed=seed)),
            seeds=SEEDS,
        ),
        Variant(
            name="wrong model: shuffled weights",
            make=lambda seed: served(changes.shuffled(model, seed=seed)),
            seeds=SEEDS,
        ),
        Variant(name="last layer dropped", make=lambda _: served(subject.shorter)),
        Variant(name="INT8", make=lambda _: served(changes.quantized(model))),
        *(_noisy(subject, relative=relative, name=name) for relative, name in NOISES),
        Variant(name="dead backend: 500", make=lambda _: dead),
        Variant(
            name="canned answers, else a constant",
            make=lambda _: canned(served(model), agreed, otherwise=_constant),
        ),
        Variant(
            name="canned answers, else garbage",
            make=lambda seed: canned(served(model), agreed, otherwise=_garbage(seed)),
            seeds=SEEDS,
        ),
    ]


def canned(
    true: Answering, agreed: Sequence[Arrays], *, otherwise: Callable[[Arrays], Arrays]
) -> Answering:
    """Return a host that kept the answers to the agreed questions and runs no model.

    `otherwise` makes its answer to any other question out of a kept one.
    """
    kept = {_key(inputs): true(inputs) for inputs in agreed}
    first = next(iter(kept.values())) or {}

    def answer(inputs: Arrays) -> Arrays | None:
        return kept.get(_key(inputs), otherwise(first))

    return answer


def _noisy(subject: Subject, *, relative: float, name: str) -> Variant:
    return Variant(
        name=f"weights off by {name}",
        make=lambda seed: served(changes.noisy(subject.model, relative=relative, seed=seed)),
        seeds=SEEDS,
    )


def _key(inputs: Arrays) -> Key:
    return tuple(inputs[name].tobytes() for name in sorted(inputs))


def _constant(first: Arrays) -> Arrays:
    return first


def _garbage(seed: int) -> Callable[[Arrays], Arrays]:
    draw = np.random.default_rng(seed)

    def answer(first: Arrays) -> Arrays:
        return {name: draw.random(array.shape, dtype=np.float32) for name, array in first.items()}

    return answer
