"""What a killed run leaves beside podman's records: found by our names alone, and removed.

podman removes what it has a record of. When the records are gone (the cache was deleted under a
running cluster, or the machine's /run was emptied), processes, mounts, the bridge and the firewall
chains stay behind. None of this touches another user of podman.
"""

from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from os import kill
from pathlib import Path

from cluster import steps
from cluster.commands import capture, succeeds

BRIDGE = "modelbond0"
RUN_FOLDER = Path("/run/modelbond")
_VOLUME_NAME_LENGTH = 64
_ENDED_WITHIN_SECONDS = 10.0


def sweep() -> None:
    """Remove them. Call it when no cluster is left in podman's records."""
    storage = steps.cache_root() / "containers" / "storage"
    _end_containers(storage)
    _unmount_below(storage, RUN_FOLDER)
    for volume in (storage / "volumes").glob("?" * _VOLUME_NAME_LENGTH):
        shutil.rmtree(volume, ignore_errors=True)
    _remove_namespaces()
    succeeds(["ip", "link", "delete", BRIDGE])
    _remove_idle_chains()
    _remove_idle_groups()


def _end_containers(storage: Path) -> None:
    """End the first process of each container of ours that still has a monitor."""
    for monitor, pid_file in _monitors(storage):
        with suppress(OSError, ValueError):
            _end(int(pid_file.read_text()))
        _end(monitor)


def _monitors(storage: Path) -> Iterator[tuple[int, Path]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        is_ours = words[0].endswith("conmon") and any(str(storage) in word for word in words)
        if is_ours and "-p" in words:
            yield int(folder.name), Path(words[words.index("-p") + 1])


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _ENDED_WITHIN_SECONDS
    while Path(f"/proc/{pid}/root").exists() and time.monotonic() < deadline:
        time.sleep(0.05)


def _unmount_below(*folders: Path) -> None:
    points = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    # The deepest first, for what is mounted inside holds what is outside.
    for point in sorted(points, key=len, reverse=True):
        if any(Path(point).is_relative_to(folder) for folder in folders):
            succeeds(["umount", "--lazy", point])


def _remove_namespaces() -> None:
    """Remove the network namespaces that are plugged into our bridge."""
    if not succeeds(["ip", "link", "show", BRIDGE]):
        return
    for name in re.findall(r"link-netns (\S+)", capture(["ip", "link", "show", "master", BRIDGE])):
        succeeds(["ip", "netns", "delete", name])


def _remove_idle_chains() -> None:
    """Remove netavark's chains, unless a rule in them still serves somebody's network."""
    for table in ("nat", "filter"):
        rules = _rules(table)
        used = [
            rule for rule in rules if "NETAVARK" in rule and re.search(r" -[sdio] [\d\w]", rule)
        ]
        if used:
            return
    for table in ("nat", "filter"):
        rules = _rules(table)
        for rule in rules:
            if rule.startswith("-A ") and "NETAVARK" in rule:
                succeeds(["iptables", "-t", table, "-D", *_words(rule)[1:]])
        for chain in re.findall(r"^-N (NETAVARK\S*)", "\n".join(rules), re.MULTILINE):
            succeeds(["iptables", "-t", table, "-X", chain])


def _rules(table: str) -> list[str]:
    return capture(["iptables", "-t", table, "-S"]).splitlines()


def _words(rule: str) -> list[str]:
    return [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', rule)]


def _remove_idle_groups() -> None:
    """Remove the cgroups of containers that are gone: those without a process in them."""
    for group in Path("/sys/fs/cgroup").glob("*/libpod_parent/libpod-*"):
        folders = [group, *(path for path in group.rglob("*") if path.is_dir())]
        # A living container has empty groups too, and needs them.
        if any((folder / "cgroup.procs").read_text() for folder in folders):
            continue
        for folder in sorted(folders, key=lambda path: len(path.parts), reverse=True):
            with suppress(OSError):
                folder.rmdir()
