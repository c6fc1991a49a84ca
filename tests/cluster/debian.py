"""Debian packages: what is missing is installed, and small root file systems are made of them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from cluster import steps
from cluster.commands import succeeds

# What running and building the clusters asks of the machine itself.
ENGINE_PACKAGES = (
    "podman",
    "runc",
    "netavark",
    "iproute2",
    "iptables",
    "nftables",
    "containerd",
    "mmdebstrap",
)


def ensure(packages: Iterable[str] = ENGINE_PACKAGES) -> None:
    """Install those of the packages that are missing. Needs root only when something is."""
    missing = [name for name in packages if not _installed(name)]
    if not missing:
        return
    _require_root(missing)
    logs = steps.cache_root() / "logs"
    with (_lock_folder() / "apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all(_known(name) for name in missing):
            steps.run(
                "Refreshing the package lists",
                ["apt-get", "update", "-q"],
                log=logs / "apt-update.log",
                hint="look at /etc/apt/sources.list.d; does `apt-get update` work by hand?",
            )
        steps.run(
            f"Installing {' '.join(missing)}",
            ["apt-get", "install", "-qy", "--no-install-recommends", *missing],
            log=logs / "apt-install.log",
            env={"DEBIAN_FRONTEND": "noninteractive"},
            hint="free the apt lock or mend the broken packages, then run the same command again",
        )


def unpacked(package: str) -> Path:
    """Return a folder with the files of one package, which is not installed: nothing starts."""

    def build(folder: Path) -> None:
        logs = steps.cache_root() / "logs"
        steps.run(
            f"Fetching {package}",
            ["sh", "-c", f"apt-get download {package} && dpkg-deb --extract {package}_*.deb ."],
            log=logs / f"unpack-{package}.log",
            cwd=folder,
            hint="run `apt-get update` as root, then the same command again",
        )

    return steps.built(f"package-{package}", steps.digest_of(codename()), build)


def codename() -> str:
    """Return the code name of the running Debian release."""
    for line in Path("/etc/os-release").read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "VERSION_CODENAME":
            return value.strip('"')
    raise LookupError("/etc/os-release names no VERSION_CODENAME; is this Debian?")


def sources() -> list[Path]:
    """Return the machine's own apt source files for its release: no mirror is named here."""
    folder = Path("/etc/apt")
    candidates = [
        folder / "sources.list",
        *sorted(folder.glob("sources.list.d/*.list")),
        *sorted(folder.glob("sources.list.d/*.sources")),
    ]
    found = [path for path in candidates if path.is_file() and codename() in path.read_text()]
    if not found:
        raise LookupError(f"no file under {folder} has sources for {codename()}")
    return found


def bootstrap(root: Path, *, packages: Sequence[str], log: Path) -> None:
    """Fill `root` with a minimal Debian of the running release and the packages, without docs."""
    ensure(["mmdebstrap"])
    without_docs = [
        f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale", "info")
    ]
    steps.run(
        f"Making a Debian root of {len(packages)} packages",
        [
            "mmdebstrap",
            "--variant=minbase",
            "--mode=root",
            "--aptopt=Apt::Install-Recommends false",
            *without_docs,
            f"--include={','.join(packages)}",
            codename(),
            str(root),
            *map(str, sources()),
        ],
        log=log,
        hint="are the machine's apt sources reachable? `apt-get update` tells",
    )


def _installed(name: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", name]
    finished = subprocess.run(query, check=False, capture_output=True, text=True)
    return finished.stdout == "installed"


def _known(name: str) -> bool:
    return succeeds(["apt-cache", "show", "--quiet=2", name])


def _require_root(missing: Sequence[str]) -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise PermissionError(
            f"Debian packages are missing: run `apt-get install {' '.join(missing)}` as root"
        )


def _lock_folder() -> Path:
    folder = steps.cache_root() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
