"""Recording rules under Sloth's names, so that dashboards made for Sloth work on leases.

One rule serves every lease: what Sloth writes into each SLO's rules are labels here. All of them
come from watchers' metrics alone, since a watcher and a home may be scraped under other labels, and
a join of the two could fail. What is left of a period is the home's to say, from whole numbers.
"""

from typing import Any

Rule = dict[str, Any]

LEASE = "home, namespace, name, host"
SHORT_WINDOWS = ("5m", "30m", "1h", "2h")
LONG_WINDOWS = ("6h", "1d", "3d")

_SLICES = "modelbond_watcher_slices_total"


def error_ratio(window: str) -> str:
    """Return the name of the share of bad slices among the known ones of a window."""
    return f"slo:sli_error:ratio_rate{window}"


def groups() -> list[Rule]:
    """Return the groups. Long windows change slowly and cost much: they are seldom computed."""
    return [
        {"name": "modelbond-slo-sli", "rules": [_error_rule(window) for window in SHORT_WINDOWS]},
        {
            "name": "modelbond-slo-sli-long",
            "interval": "2m",
            "rules": [_error_rule(window) for window in LONG_WINDOWS],
        },
        {"name": "modelbond-slo-meta", "rules": _meta_rules()},
    ]


def _error_rule(window: str) -> Rule:
    # Where no slice ended nothing is said: 0/0 is neither good nor bad.
    known = f'sum by ({LEASE}) (rate({_SLICES}{{verdict=~"good|bad"}}[{window}])) > 0'
    bad = f'sum by ({LEASE}) (rate({_SLICES}{{verdict="bad"}}[{window}]))'
    return {
        "record": error_ratio(window),
        "expr": _named(f"{bad}\n/\n({known})"),
        "labels": {"sloth_window": window},
    }


def _meta_rules() -> list[Rule]:
    mode = {"sloth_mode": "modelbond", "sloth_spec": "modelbond.io/v1alpha1"}
    objective = f"max by ({LEASE}) (modelbond_watcher_objective_ratio)"
    left = "max by (namespace, name, host) (modelbond_lease_budget_remaining_ratio)"
    return [
        {"record": "slo:objective:ratio", "expr": _named(objective)},
        {"record": "slo:error_budget:ratio", "expr": "1 - slo:objective:ratio"},
        {
            "record": "slo:current_burn_rate:ratio",
            "expr": (f"{error_ratio('5m')}\n/ on ({LEASE}) group_left ()\nslo:error_budget:ratio"),
        },
        {"record": "slo:period_error_budget_remaining:ratio", "expr": _named(left)},
        {
            "record": "sloth_slo_info",
            "expr": "group without () (slo:objective:ratio)",
            "labels": mode,
        },
    ]


def _named(expression: str) -> str:
    """Return the expression with Sloth's labels: the service is a deployment, the SLO a host."""
    return (
        "label_join(label_join(label_join(\n"
        + "\n".join(f"  {line}" for line in expression.splitlines())
        + ',\n  "sloth_service", "/", "namespace", "name"),'
        + '\n  "sloth_slo", "", "host"),'
        + '\n  "sloth_id", "/", "namespace", "name", "host")'
    )
