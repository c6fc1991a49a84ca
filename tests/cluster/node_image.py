"""The node image: Debian packages, kind's own node files, and the components that we built.

Nothing of kind's is kept in this repository: its files are read from its Go module at build time.
The images of a control plane are preloaded, so that a node needs no registry.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from cluster import archives, binaries, debian, preload, steps
from cluster.commands import capture

PACKAGES = (
    *("systemd", "dbus", "kmod", "procps", "util-linux", "mount", "bash", "jq"),
    *("containerd", "runc", "containernetworking-plugins"),
    *("iproute2", "iptables", "nftables", "conntrack", "ethtool", "socat"),
    *("ca-certificates", "curl", "busybox-static"),
)

# What kind's Dockerfile removes: units that would manage a real machine's hardware.
_UNWANTED_UNITS = (
    "lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
    "lib/systemd/system/multi-user.target.wants/*",
    "etc/systemd/system/*.wants/*",
    "lib/systemd/system/local-fs.target.wants/*",
    "lib/systemd/system/sockets.target.wants/*udev*",
    "lib/systemd/system/sockets.target.wants/*initctl*",
    "lib/systemd/system/basic.target.wants/*",
)
_ENABLED_UNITS = ("containerd", "kubelet", "undo-mount-hacks")
_DEFAULTS = Path(__file__).parent / "node"


def archive() -> Path:
    """Return the node's root file system as a tar, built once."""
    key = steps.digest_of(
        _DEFAULTS,
        Path(__file__),
        Path(archives.__file__),
        Path(preload.__file__),
        *PACKAGES,
        binaries.KIND_MODULE,
        *(str(path.relative_to(steps.cache_root())) for path in _programs()),
    )
    return steps.built("node", key, _build) / "node.tar"


def _programs() -> tuple[Path, ...]:
    return (binaries.components(), binaries.etcd(), binaries.coredns(), binaries.pause())


def _build(folder: Path) -> None:
    log = steps.cache_root() / "logs" / "node-image.log"
    root = folder / "root"
    debian.bootstrap(root, packages=PACKAGES, log=log)
    _install_kind_files(root)
    _install_components(root)
    _install_network(root)
    _arrange_units(root)
    with tempfile.TemporaryDirectory(prefix="modelbond-images-", dir=folder) as scratch:
        preload.into(root, scratch=Path(scratch))
    steps.run(
        "Packing the node image",
        [
            "tar",
            "--numeric-owner",
            "--create",
            "--file",
            str(folder / "node.tar"),
            "-C",
            str(root),
            ".",
        ],
        log=log,
        hint=f"is there room under {folder}?",
    )
    shutil.rmtree(root)


def _install_kind_files(root: Path) -> None:
    files = binaries.kind_sources() / "images" / "base" / "files"
    for origin in sorted(path for path in files.rglob("*") if path.is_file()):
        target = root / origin.relative_to(files)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin, target)
        target.chmod(0o755 if target.parent.name == "bin" else 0o644)
    shutil.copytree(_DEFAULTS / "manifests", root / "kind" / "manifests")
    (root / "kind" / "version").write_text(binaries.KUBERNETES_VERSION)
    config = root / "etc" / "containerd" / "config.toml"
    text = config.read_text()
    # Without this a sandbox that lowers its OOM score dies where the machine forbids lowering it.
    text = text.replace("restrict_oom_score_adj = false", "restrict_oom_score_adj = true")
    text = text.replace("registry.k8s.io/pause:3.10", preload.image_names()["pause"])
    config.write_text(text)
    (root / "etc" / "containerd" / "cri-base.json").write_text(_container_defaults())


def _container_defaults() -> str:
    defaults = json.loads(capture(["ctr", "oci", "spec"]))
    hook = {"path": "/kind/bin/mount-product-files.sh"}
    defaults.setdefault("hooks", {}).setdefault("createContainer", []).append(hook)
    del defaults["process"]["rlimits"]
    return json.dumps(defaults)


def _install_components(root: Path) -> None:
    first, *others = ("kubelet", "kubeadm", "kubectl")
    shutil.copy2(binaries.components() / first, root / "usr" / "bin" / first)
    for name in others:
        (root / "usr" / "bin" / name).hardlink_to(root / "usr" / "bin" / first)
    for name in ("containerd", "ctr", "containerd-shim-runc-v2"):
        (root / "usr" / "local" / "bin" / name).symlink_to(f"/usr/bin/{name}")
    (root / "usr" / "local" / "sbin" / "runc").symlink_to("/usr/sbin/runc")


def _install_network(root: Path) -> None:
    plugins = root / "opt" / "cni" / "bin"
    plugins.mkdir(parents=True)
    for name in ("host-local", "loopback", "portmap", "ptp"):
        shutil.copy2(root / "usr" / "lib" / "cni" / name, plugins / name)
    settings = root / "etc" / "cni" / "net.d" / "10-modelbond.conflist"
    settings.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_DEFAULTS / "network.conflist", settings)


def _arrange_units(root: Path) -> None:
    for pattern in _UNWANTED_UNITS:
        for path in root.glob(pattern):
            path.unlink()
    wanted = root / "etc" / "systemd" / "system" / "multi-user.target.wants"
    wanted.mkdir(parents=True, exist_ok=True)
    for name in _ENABLED_UNITS:
        (wanted / f"{name}.service").symlink_to(f"/etc/systemd/system/{name}.service")
    # binfmt_misc belongs to the whole machine.
    (root / "etc/systemd/system/systemd-binfmt.service").symlink_to("/dev/null")
    init = root / "sbin" / "init"
    if not init.is_symlink():
        init.symlink_to("/usr/lib/systemd/systemd")
    with (root / "etc" / "systemd" / "journald.conf").open("a") as settings:
        settings.write("ReadKMsg=no\n")
    (root / "etc" / "kubernetes" / "manifests").mkdir(parents=True)
