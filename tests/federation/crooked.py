"""Watchers in their clusters that break the rules when told to, and are honest otherwise."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from cluster.cluster import Cluster
from federation import crook
from federation.deployments import Json
from federation.install import SYSTEM
from federation.leasing import WATCHER
from federation.polling import eventually

STATE = "/var/lib/modelbond/modelbond-watcher"
ORDER, DONE = f"{STATE}/{crook.ORDER.name}", f"{STATE}/{crook.DONE.name}"
_MOUNT = "/opt/modelbond/crook"
_PATH = f"{_MOUNT}:/opt/modelbond/code:/opt/modelbond/packages"
_PROGRAM = Path(crook.__file__).read_text()
# Python loads it into each process; what else runs in the container stays as it is.
_SITE = 'import sys\n\nif "watcher" in sys.orig_argv:\n    import crook\n\n    crook.install()\n'
_DELETED = {"$patch": "delete"}


@contextmanager
def loaded(watchers: Collection[Cluster]) -> Iterator[None]:
    """Let the watchers of these clusters take orders, until the context ends."""
    try:
        _at_once(_load, watchers)
        yield
    finally:
        _at_once(_unload, watchers)


@contextmanager
def telling(watcher: Cluster, what: str) -> Iterator[None]:
    """Tell a watcher what to do, until the context ends."""
    watcher.engine.in_node(watcher.name, "sh", "-c", f"printf %s '{what}' > {ORDER}")
    try:
        yield
    finally:
        watcher.engine.in_node(watcher.name, "rm", "--force", ORDER)


def done(watcher: Cluster, what: str) -> list[Json]:
    """Return what a watcher did of this, the first time first."""
    said = watcher.engine.in_node(watcher.name, "sh", "-c", f"cat {DONE} 2>/dev/null || :")
    acts: list[Json] = [json.loads(line) for line in said.splitlines()]
    return [one for one in acts if one["what"] == what]


def _at_once(change: Callable[[Cluster], None], watchers: Collection[Cluster]) -> None:
    with ThreadPoolExecutor() as threads:
        list(threads.map(change, watchers))


def _load(watcher: Cluster) -> None:
    watcher.engine.in_node(watcher.name, "rm", "--force", ORDER, DONE)
    metadata = {"name": "crook", "namespace": SYSTEM}
    data = {"sitecustomize.py": _SITE, "crook.py": _PROGRAM}
    program = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    watcher.apply(json.dumps(program))
    _patch(
        watcher,
        {"name": "PYTHONPATH", "value": _PATH},
        {"mountPath": _MOUNT, "name": "crook", "readOnly": True},
        {"name": "crook", "configMap": {"name": "crook"}},
        annotation=hashlib.sha256(_PROGRAM.encode()).hexdigest(),
    )
    eventually(lambda: done(watcher, crook.LOADED), bool, within_seconds=60)


def _unload(watcher: Cluster) -> None:
    _patch(
        watcher,
        {"name": "PYTHONPATH", **_DELETED},
        {"mountPath": _MOUNT, **_DELETED},
        {"name": "crook", **_DELETED},
        annotation=None,
    )
    watcher.kubectl("delete", "configmap", "crook", "-n", SYSTEM, "--ignore-not-found")


def _patch(watcher: Cluster, env: Json, mount: Json, volume: Json, *, annotation: object) -> None:
    """Change the watcher's pod by a strategic merge, and wait until the new one is there."""
    container = {"name": "watcher", "env": [env], "volumeMounts": [mount]}
    template = {
        "metadata": {"annotations": {"modelbond.io/crook": annotation}},
        "spec": {"containers": [container], "volumes": [volume]},
    }
    patch = json.dumps({"spec": {"template": template}})
    watcher.kubectl("patch", WATCHER, "-n", SYSTEM, "--type=strategic", "-p", patch)
    watcher.kubectl("rollout", "status", WATCHER, "-n", SYSTEM, "--timeout=90s")
