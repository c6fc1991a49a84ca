"""PromQL of the dashboards: what a home says of leases, and what watchers count, as it is chosen.

What a home says is chosen by `cluster`; what watchers say is not, since they stand elsewhere on
purpose.
"""

CHOSEN = 'namespace=~"$namespace", name=~"$name"'
PLACED = "namespace, name, host"
WHO = "{{namespace}}/{{name}} on {{host}}"

_LEASED = f'cluster=~"$cluster", {CHOSEN}'


def of_all(aggregate: str, name: str) -> str:
    """Return one number over all leases that are chosen."""
    return f"{aggregate}(modelbond_lease_{name}{{{_LEASED}}})"


def of_each(name: str, *, aggregate: str = "max", **labels: str) -> str:
    """Return a number of each lease: an operator that was just replaced may be there twice."""
    chosen = "".join(f', {key}="{value}"' for key, value in labels.items())
    return f"{aggregate} by ({PLACED}) (modelbond_lease_{name}{{{_LEASED}{chosen}}})"


def rise(name: str, labels: str = "", *, by: str = PLACED) -> str:
    """Return by how much a counter of the watchers rose in each interval of a graph."""
    chosen = f"{CHOSEN}, {labels}" if labels else CHOSEN
    return f"sum by ({by}) (increase(modelbond_watcher_{name}{{{chosen}}}[$__rate_interval]))"
