"""Whether an object at the API server already says what is wanted, defaults aside."""

from modelbond.api.kinds import Json


def holds(observed: object, wanted: object) -> bool:
    """Say whether everything wanted stands in what was observed; lists must match as a whole."""
    if isinstance(wanted, dict):
        return isinstance(observed, dict) and all(
            name in observed and holds(observed[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(observed, list)
            and len(observed) == len(wanted)
            and all(holds(*pair) for pair in zip(observed, wanted, strict=True))
        )
    return observed == wanted


def identified(body: Json, observed: Json) -> Json:
    """Return the body with the observed UID, so that it can be applied to that object alone."""
    return {**body, "metadata": {**body["metadata"], "uid": observed["metadata"]["uid"]}}
