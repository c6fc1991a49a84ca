"""The images of a control plane and of probes, put where a node finds them without a registry."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster import archives, binaries, steps
from cluster.commands import capture, succeeds

PROBE_IMAGE = "localhost/modelbond/probe:dev"


def image_names() -> dict[str, str]:
    """Return the full names of a control plane's images by their last path element."""
    listed = capture(
        [
            *(str(binaries.components() / "kubeadm"), "config", "images", "list"),
            *("--kubernetes-version", binaries.KUBERNETES_VERSION),
        ]
    )
    return {name.rsplit("/", 1)[1].split(":")[0]: name for name in listed.split()}


def _images(root: Path, *, scratch: Path) -> Iterator[archives.Image]:
    names = image_names()
    kube = scratch / "kube"
    _fill_kube(root, kube)
    yield archives.Image(
        names=tuple(name for short, name in names.items() if short.startswith("kube-")), root=kube
    )
    for short, program in (
        ("pause", binaries.pause()),
        ("etcd", binaries.etcd()),
        ("coredns", binaries.coredns()),
    ):
        folder = scratch / short
        # kubeadm's manifests look for etcd on PATH and for the others at the root.
        target = folder / ("usr/local/bin" if short == "etcd" else "") / short
        target.parent.mkdir(parents=True)
        shutil.copy2(program, target)
        yield archives.Image(names=(names[short],), root=folder, entrypoint=(f"/{short}",))
    probe = scratch / "probe"
    _fill_probe(root, probe)
    yield archives.Image(names=(PROBE_IMAGE,), root=probe, user="65532:65532")


def _fill_kube(root: Path, target: Path) -> None:
    folder = target / "usr" / "local" / "bin"
    folder.mkdir(parents=True)
    first, *others = sorted(name for name in binaries.COMPONENTS if name.startswith("kube-"))
    shutil.copy2(binaries.components() / first, folder / first)
    for name in others:
        (folder / name).hardlink_to(folder / first)
    archives.copy_programs(
        root,
        target,
        programs=[
            "/usr/sbin/xtables-*-multi",
            "/usr/sbin/ip*tables-*",
            "/usr/sbin/nft",
            "/usr/sbin/conntrack",
            "/usr/bin/kmod",
            "/usr/lib/*/xtables/*.so",
        ],
    )
    # The node's entrypoint chooses the legacy tables in a fresh network namespace: so do we.
    for family in ("iptables", "ip6tables"):
        for suffix in ("", "-save", "-restore"):
            link = target / "usr" / "sbin" / f"{family}{suffix}"
            link.unlink(missing_ok=True)
            link.symlink_to("xtables-legacy-multi")


def _fill_probe(root: Path, target: Path) -> None:
    archives.copy_programs(root, target, programs=["/bin/busybox", "/usr/bin/curl"])
    folder = target / "bin"
    for name in capture([str(folder / "busybox"), "--list"]).split():
        link = folder / name
        if not link.exists():
            link.symlink_to("busybox")
    (target / "tmp").mkdir(mode=0o1777)


def into(root: Path, *, scratch: Path) -> None:
    """Put the images into a node's root file system, where its containerd will find them."""
    with _containerd(root / "var" / "lib" / "containerd", scratch=scratch) as address:
        for number, image in enumerate(_images(root, scratch=scratch)):
            file = scratch / f"{number}.tar"
            archives.write(image, file)
            steps.run(
                f"Preloading {image.names[0]}",
                [
                    *("ctr", "--address", address, "--namespace", "k8s.io"),
                    *("images", "import", "--no-unpack", str(file)),
                ],
                log=steps.cache_root() / "logs" / "preload.log",
                hint="remove the half-built node image from the cache and run the command again",
            )
            file.unlink()


@contextmanager
def _containerd(store: Path, *, scratch: Path) -> Iterator[str]:
    """Run a containerd of its own over `store`; yields the address of its socket."""
    address = str(scratch / "containerd.sock")
    config = scratch / "containerd.toml"
    config.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    store.mkdir(parents=True, exist_ok=True)
    with (scratch / "containerd.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *("containerd", "--config", str(config), "--root", str(store)),
                *("--state", str(scratch / "state"), "--address", address),
            ],
            stdout=log,
            stderr=log,
        )
        try:
            _await_socket(address, process=process)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def _await_socket(address: str, *, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while not (Path(address).exists() and succeeds(["ctr", "--address", address, "version"])):
        if process.poll() is not None or time.monotonic() > deadline:
            raise TimeoutError("containerd did not start; see containerd.log beside its socket")
        time.sleep(0.1)
