"""Sentences, made up from a seed: what an embedding model is asked."""

import random

WHO = ("A nurse", "The old captain", "My neighbour", "Nobody", "Every student", "The committee")
DID = ("repaired", "forgot", "praised", "sold", "painted", "photographed", "measured", "refused")
WHAT = (
    "a wooden boat",
    "the annual report",
    "three loaves of bread",
    "an orbital telescope",
    "the neural network",
    "her grandmother's violin",
    "a contract with the harbour",
    "the temperature of the soil",
)
WHERE = ("in the mountains", "near the border", "on a night train", "at the laboratory", "abroad")
WHEN = ("last winter", "before breakfast", "in 1987", "during the election", "at noon")
WHY = (
    "because the price had fallen",
    "although it was raining",
    "to win a bet",
    "without saying a word",
    "so that others could sleep",
)


def sentence(seed: int) -> str:
    """Return a sentence of 6 to 20 words; the same for the same seed, on every machine."""
    draw = random.Random(f"sentence {seed}")  # noqa: S311 - repeatable, not secret
    core = [draw.choice(WHO), draw.choice(DID), draw.choice(WHAT)]
    rest = draw.sample([draw.choice(part) for part in (WHERE, WHEN, WHY)], draw.randrange(4))
    return f"{' '.join([*core, *rest])}."
