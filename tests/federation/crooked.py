"""Watchers in their clusters that break the rules when told to, and honest ones otherwise."""

import json
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from cluster.cluster import Cluster
from federation import crook
from federation.deployments import Json
from federation.install import SYSTEM
from federation.leasing import WATCHER

STATE = "/var/lib/modelbond/modelbond-watcher"
TOLD, DONE = f"{STATE}/{crook.TOLD.name}", f"{STATE}/{crook.DONE.name}"
_MOUNT = "/opt/modelbond/crook"
_PATH = f"{_MOUNT}:/opt/modelbond/code:/opt/modelbond/packages"
_LOADED = {
    "containers": [
        {
            "name": "watcher",
            "env": [{"name": "PYTHONPATH", "value": _PATH}],
            "volumeMounts": [{"name": "crook", "mountPath": _MOUNT, "readOnly": True}],
        }
    ],
    "volumes": [{"name": "crook", "configMap": {"name": "crook"}}],
}


@contextmanager
def loaded(watchers: Collection[Cluster]) -> Iterator[None]:
    """Let the watchers of these clusters take orders, until the context ends."""
    with ThreadPoolExecutor() as at_once:
        list(at_once.map(_load, watchers))
    try:
        yield
    finally:
        with ThreadPoolExecutor() as at_once:
            list(at_once.map(_unload, watchers))


@contextmanager
def told(watcher: Cluster, what: str) -> Iterator[None]:
    """Tell a watcher what to do, until the context ends."""
    watcher.engine.in_node(watcher.name, "sh", "-c", f"printf %s '{what}' > {TOLD}")
    try:
        yield
    finally:
        watcher.engine.in_node(watcher.name, "rm", "--force", TOLD)


def done(watcher: Cluster, what: str) -> list[Json]:
    """Return what a watcher did of this, the first time first."""
    said = watcher.engine.in_node(watcher.name, "sh", "-c", f"cat {DONE} 2>/dev/null || :")
    acts: list[Json] = [json.loads(line) for line in said.splitlines()]
    return [one for one in acts if one["what"] == what]


def _load(watcher: Cluster) -> None:
    watcher.engine.in_node(watcher.name, "rm", "--force", TOLD, DONE)
    text = Path(crook.__file__).read_text()
    metadata = {"name": "crook", "namespace": SYSTEM}
    program = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    watcher.apply(json.dumps({**program, "data": {"sitecustomize.py": text}}))
    patch = json.dumps({"spec": {"template": {"spec": _LOADED}}})
    watcher.kubectl("patch", WATCHER, "-n", SYSTEM, "--type=strategic", "-p", patch)
    _is_rolled_out(watcher)


def _unload(watcher: Cluster) -> None:
    watcher.kubectl("rollout", "undo", WATCHER, "-n", SYSTEM)
    _is_rolled_out(watcher)


def _is_rolled_out(watcher: Cluster) -> None:
    watcher.kubectl("rollout", "status", WATCHER, "-n", SYSTEM, "--timeout=90s")
