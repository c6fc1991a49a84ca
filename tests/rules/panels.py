"""The queries of our dashboards, as Grafana would send them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
DASHBOARDS = sorted((Path(__file__).parents[2] / "manifests/dashboards").glob("*.json"))
_EVERYTHING = {"$cluster": ".*", "$namespace": ".*", "$name": ".*", "$__range": "1h"}


def panels(dashboard: Path) -> list[Json]:
    """Return the panels of a dashboard."""
    found: list[Json] = json.loads(dashboard.read_text())["panels"]
    return found


def targets() -> Iterator[tuple[str, Json]]:
    """Yield the title of the panel and the target of each query."""
    for dashboard in DASHBOARDS:
        for panel in panels(dashboard):
            for target in panel.get("targets", []):
                yield panel["title"], target


def expanded(expr: str, *, rate_interval: str) -> str:
    """Return a query with everything chosen, and rates taken over that interval."""
    for name, value in (_EVERYTHING | {"$__rate_interval": rate_interval}).items():
        expr = re.sub(re.escape(name) + r"\b", value, expr)
    assert "$" not in expr, expr
    return expr
