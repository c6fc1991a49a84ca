"""Clusters by stock kind on podman, with storage and settings of their own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cluster import binaries, debian, kind_config, node_image, remains, steps
from cluster.commands import CommandFailed, capture, succeeds
from cluster.engine import Node, kubeconfig_path, state_folder

PREFIX = "modelbond-"
NETWORK = "modelbond"
SERVICE_RANGE = "10.96.0.0/16"
READY_WITHIN = "120s"
_NAMED = "{{.Repository}}:{{.Tag}}"

_CONTAINERS_CONF = """\
[containers]
# The machine may forbid to raise limits: ask for no more than it has.
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]

[engine]
# crun refuses hybrid cgroup hierarchies; systemd may not be this machine's first process.
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"

[network]
network_backend = "netavark"
network_config_dir = "{root}/networks"
"""

_STORAGE_CONF = """\
[storage]
driver = "overlay"
graphroot = "{root}/storage"
runroot = "/run/modelbond"
"""


class PodmanEngine:
    """Implements `engine.Engine`."""

    def create(self, name: str) -> None:
        """Create the cluster and write its kubeconfig, whole or not at all."""
        self._prepare()
        kubeconfig_path(name).unlink(missing_ok=True)
        state_folder(name).mkdir(parents=True, exist_ok=True)
        unfinished = state_folder(name) / "kubeconfig.part"
        config = state_folder(name) / "kind.yaml"
        config.write_text(kind_config.render(gateway=self.gateway()))
        steps.run(
            f"Creating cluster {name}",
            [
                *(str(binaries.kind()), "create", "cluster", "--name", PREFIX + name),
                *("--image", _node_image(), "--config", str(config)),
                *("--kubeconfig", str(unfinished), "--wait", READY_WITHIN),
            ],
            log=steps.cache_root() / "logs" / f"create-{name}.log",
            env=environment(),
            hint="`df -h` and `free -g`: is there room? `python -m cluster clean` starts over",
        )
        _route_services(self.node(name).pid)
        address = f"https://{self.node(name).address}:6443"
        text = re.sub(r"server: \S+", f"server: {address}", unfinished.read_text())
        unfinished.write_text(text)
        unfinished.rename(kubeconfig_path(name))

    def delete(self, name: str) -> None:
        """Remove the cluster, however broken, with all that belongs to it."""
        container = _container(name)
        if succeeds(["podman", "container", "exists", container], env=environment()):
            _thaw(container)
            # A killed node goes at once; a stopped one first ends all its pods.
            succeeds(["podman", "kill", container], env=environment())
            _podman("rm", "--force", "--volumes", container)
        for volume in volumes(name):
            _podman("volume", "rm", "--force", volume)
        shutil.rmtree(state_folder(name), ignore_errors=True)

    def names(self) -> list[str]:
        """Return the names of all clusters that exist, healthy or not."""
        if shutil.which("podman") is None:
            return []
        listed = _podman("ps", "--all", "--format", '{{index .Labels "io.x-k8s.kind.cluster"}}')
        found = {line for line in listed.split() if line.startswith(PREFIX)}
        return sorted(name.removeprefix(PREFIX) for name in found)

    def node(self, name: str) -> Node:
        """Return the facts about the cluster's node. Raises LookupError when there is none."""
        try:
            (facts,) = json.loads(_podman("container", "inspect", _container(name)))
        except CommandFailed as error:
            raise LookupError(f"there is no cluster {name}") from error
        return _node(facts)

    def in_node(self, name: str, *command: str, stdin: str | None = None) -> str:
        """Run a command inside the node and return its stdout."""
        flags = () if stdin is None else ("--interactive",)
        return _podman("exec", *flags, _container(name), *command, stdin=stdin)

    def load(self, name: str, archive: Path) -> None:
        """Make the images of a docker-archive known to the node."""
        steps.run(
            f"Loading {archive.name} into {name}",
            [str(binaries.kind()), "load", "image-archive", str(archive), "--name", PREFIX + name],
            log=steps.cache_root() / "logs" / f"load-{name}.log",
            env=environment(),
            hint=f"is {archive} a docker-archive, and is {name} up? `python -m cluster status`",
        )

    def gateway(self) -> str:
        """Return the machine's own address on the clusters' network."""
        (network,) = json.loads(_podman("network", "inspect", NETWORK))
        return str(network["subnets"][0]["gateway"])

    def cut(self, name: str) -> None:
        """Take the node's link down; inside, everything goes on."""
        _in_network_of(self.node(name).pid, "link", "set", "eth0", "down")

    def restore(self, name: str) -> None:
        """Bring the node's link up again."""
        pid = self.node(name).pid
        _in_network_of(pid, "link", "set", "eth0", "up")
        _route_services(pid)

    def pause(self, name: str) -> None:
        """Freeze every process of the node."""
        _podman("pause", _container(name))

    def resume(self, name: str) -> None:
        """Let a frozen node go on."""
        _podman("unpause", _container(name))

    def clean(self) -> None:
        """Remove every cluster and all that this engine left on the machine, save its images."""
        for name in self.names():
            self.delete(name)
        # Before the network goes: what is plugged into its bridge is known by that alone.
        remains.sweep()
        if shutil.which("podman") is not None:
            succeeds(["podman", "network", "rm", "--force", NETWORK], env=environment())
        shutil.rmtree(steps.cache_root() / "clusters", ignore_errors=True)

    def _prepare(self) -> None:
        debian.ensure()
        Path("/lib/modules").mkdir(parents=True, exist_ok=True)
        _allow_watches()
        if not succeeds(["podman", "network", "exists", NETWORK], env=environment()):
            _create_network()


def environment() -> Mapping[str, str]:
    """Return what podman and kind need to see our own storage, settings and network."""
    root = steps.cache_root() / "containers"
    return {
        "CONTAINERS_CONF": str(_written(root / "containers.conf", _CONTAINERS_CONF)),
        "CONTAINERS_STORAGE_CONF": str(_written(root / "storage.conf", _STORAGE_CONF)),
        "KIND_EXPERIMENTAL_PROVIDER": "podman",
        "KIND_EXPERIMENTAL_PODMAN_NETWORK": NETWORK,
    }


def volumes(name: str) -> list[str]:
    """Return the volumes that kind made for the cluster; they bear its node's name as a label."""
    return _podman("volume", "ls", "--quiet", "--filter", f"label={_container(name)}").split()


def _written(path: Path, template: str) -> Path:
    text = template.format(root=path.parent)
    if not path.is_file() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return path


def _podman(*arguments: str, stdin: str | None = None) -> str:
    return capture(["podman", *arguments], stdin=stdin, env=environment())


def _container(name: str) -> str:
    return f"{PREFIX}{name}-control-plane"


@cache
def _node_image() -> str:
    """Return the node image's name in podman's storage, imported when it is not there."""
    archive = node_image.archive()
    reference = f"localhost/modelbond/{archive.parent.name.replace('-', ':')}"
    if not succeeds(["podman", "image", "exists", reference], env=environment()):
        steps.run(
            "Importing the node image",
            [
                *("podman", "import", "--quiet"),
                *("--change", 'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]'),
                *("--change", "STOPSIGNAL SIGRTMIN+3", "--change", "ENV container=docker"),
                *(str(archive), reference),
            ],
            log=steps.cache_root() / "logs" / "import.log",
            env=environment(),
            hint=f"is there room under {steps.cache_root()}?",
        )
        _forget_older(reference, archive=archive)
    return reference


def _forget_older(reference: str, *, archive: Path) -> None:
    """Remove the node images before this one; podman keeps those that a cluster still uses."""
    images = _podman("images", "--filter", "reference=localhost/modelbond/node", "--format", _NAMED)
    for older in set(images.split()) - {reference}:
        succeeds(["podman", "rmi", older], env=environment())
    for folder in archive.parent.parent.glob("node-*"):
        if folder != archive.parent:
            shutil.rmtree(folder, ignore_errors=True)


def _allow_watches() -> None:
    """Raise the machine's limits on file watches: a node's systemd exits when there are none left.

    Debian allows 128 instances a user, which five nodes use up.
    """
    for limit, least in (("max_user_instances", 1024), ("max_user_watches", 524_288)):
        file = Path("/proc/sys/fs/inotify") / limit
        if int(file.read_text()) < least:
            file.write_text(str(least))


def _create_network() -> None:
    """Create the clusters' network in the first range that nothing on the machine uses yet."""
    for third in range(64, 128):
        subnet, gateway = f"10.89.{third}.0/24", f"10.89.{third}.1"
        # Internal: no default route, so nothing that a test sends can leave the machine.
        # Without DNS: podman's own server would ask the machine's resolvers.
        command = ["podman", "network", "create", "--internal", "--disable-dns"]
        if succeeds(
            [*command, "--subnet", subnet, "--gateway", gateway, NETWORK], env=environment()
        ):
            _name_bridge()
            return
    raise RuntimeError("no range of 10.89.64.0/18 is free; `ip route` shows who uses it")


def _name_bridge() -> None:
    """Give the bridge a name by which remains are found; podman 4.3 takes none itself."""
    file = steps.cache_root() / "containers" / "networks" / f"{NETWORK}.json"
    settings = json.loads(file.read_text())
    file.write_text(json.dumps({**settings, "network_interface": remains.BRIDGE}))


def _node(facts: dict[str, Any]) -> Node:
    networks = facts["NetworkSettings"]["Networks"]
    return Node(
        container=facts["Name"],
        pid=facts["State"]["Pid"],
        address=networks.get(NETWORK, {}).get("IPAddress", ""),
        running=facts["State"]["Status"] == "running",
    )


def _thaw(container: str) -> None:
    succeeds(["podman", "unpause", container], env=environment())


def _route_services(pid: int) -> None:
    """Give the node a route for Services: it has no default one, and no dial starts without."""
    _in_network_of(pid, "route", "replace", SERVICE_RANGE, "dev", "eth0")


def _in_network_of(pid: int, *arguments: str) -> None:
    capture(["nsenter", "--target", str(pid), "--net", "ip", *arguments])
