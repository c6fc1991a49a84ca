"""What watchers get at a home: one namespace with what they measure, to read and nothing else."""

from modelbond.api.kinds import NAMESPACE, ROLE, ROLE_BINDING, SERVICE_ACCOUNT, Json, Kind
from modelbond.cli.home_objects import READ, bound, cluster_role, role, rule
from modelbond.cli.person import OPERATOR_ACCOUNT
from modelbond.reconcile.home_lease_target import WATCH_NAMESPACE
from modelbond.serving.names import OURS

WATCH_ROLE = "modelbond-home-in-watch-namespace"
WATCHER = "watcher"


def watcher_account(name: str) -> str:
    """Return the ServiceAccount of a watcher."""
    return f"{WATCHER}-{name}"


def watcher_rules() -> list[Json]:
    """Return all that a watcher may do at a home. Nothing else is ever granted."""
    return [rule("", "secrets", READ)]


def watch_objects(name: str, *, system_namespace: str) -> list[tuple[Kind, Json]]:
    """Return the objects of one watcher at a home, in the order in which they can be made."""
    account = watcher_account(name)
    place = {"namespace": WATCH_NAMESPACE, "labels": OURS}
    own = {"namespace": WATCH_NAMESPACE, "labels": {**OURS, "modelbond.io/watcher": name}}
    watcher = {"kind": "ServiceAccount", "name": account, "namespace": WATCH_NAMESPACE}
    operator = {"kind": "ServiceAccount", "name": OPERATOR_ACCOUNT, "namespace": system_namespace}
    return [
        (NAMESPACE, {"metadata": {"name": WATCH_NAMESPACE, "labels": OURS}}),
        (ROLE, {"metadata": {"name": WATCHER, **place}, "rules": watcher_rules()}),
        (
            ROLE_BINDING,
            bound({"name": "home-operator", **place}, role=cluster_role(WATCH_ROLE), to=operator),
        ),
        (
            SERVICE_ACCOUNT,
            {"metadata": {"name": account, **own}, "automountServiceAccountToken": False},
        ),
        (ROLE_BINDING, bound({"name": account, **own}, role=role(WATCHER), to=watcher)),
    ]
