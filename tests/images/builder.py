"""Images built by buildah from Containerfiles, on a Debian base of our own, without a registry."""

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cluster import debian, steps
from cluster.commands import capture, succeeds

BASE = "localhost/modelbond/debian:bookworm"
RELEASE = "bookworm"
# What the Python of that release can load.
PYTHON_PLATFORM = ("--python-version=3.11", "--python-platform=x86_64-manylinux_2_35")
# usrmerge would bring the whole of Perl along; the merge is made before the first package.
_MERGED_USR = "/usr/share/mmdebstrap/hooks/maybe-merged-usr"
_KEPT_ARCHIVES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What an image is made of: `key` changes when any of it does.

    `contexts` stand in for stages of the Containerfile: a folder, or the tag of an image.
    """

    name: str
    key: str
    containerfile: Path
    context: Path
    contexts: Mapping[str, Path | str] = field(default_factory=dict)
    target: str | None = None
    base: str = BASE
    version: str = "dev"

    @property
    def repository(self) -> str:
        """The name without the version."""
        return f"localhost/modelbond/{self.name}"

    @property
    def tag(self) -> str:
        """The full name, as a pod's manifest spells it."""
        return f"{self.repository}:{self.version}"


def archive(recipe: Recipe) -> Path:
    """Return the image as a docker-archive, built when the cache lacks it."""

    def build(folder: Path) -> None:
        build_image(recipe)
        _buildah(
            f"Packing {recipe.tag}",
            "push",
            recipe.tag,
            f"docker-archive:{folder}/{recipe.name}.tar:{recipe.tag}",
        )

    folder = steps.built(f"image-{recipe.name}", recipe.key, build)
    _forget_older(folder, recipe.name)
    return folder / f"{recipe.name}.tar"


def build_image(recipe: Recipe) -> None:
    """Build and tag the image in our own storage; layers that did not change are kept."""
    debian.ensure(["buildah"])
    with _alone():
        # A killed build leaves its working containers.
        capture([*_command(), "rm", "--all"])
        if recipe.base == BASE:
            _ensure_base()
        former = _image_ids(recipe.repository)
        _buildah(f"Building {recipe.tag}", "bud", *_arguments(recipe))
        for stale in former - _image_ids(recipe.tag):
            # Not by force: layers that the new image shares stay.
            succeeds([*_command(), "rmi", stale])
        succeeds([*_command(), "rmi", "--prune"])


def keep_image(recipe: Recipe) -> str:
    """Return the tag of an image that others are built on; built when the storage lacks it."""
    debian.ensure(["buildah"])
    if not _image_ids(recipe.tag):
        build_image(recipe)
    return recipe.tag


def python_packages(name: str, requirements: Path) -> Path:
    """Return a folder whose `packages/` holds the locked wheels: a Containerfile's stage."""

    def build(folder: Path) -> None:
        steps.run(
            f"Fetching the Python packages of {name}",
            [
                _uv(),
                "pip",
                "install",
                f"--python={sys.executable}",
                *PYTHON_PLATFORM,
                "--only-binary=:all:",
                "--no-deps",
                "--require-hashes",
                "--link-mode=copy",
                f"--target={folder}/packages",
                f"--requirements={requirements}",
            ],
            log=_log(f"packages-{name}"),
            hint="is the package registry reachable? `uv pip download` has the same settings",
        )

    return steps.built(f"packages-{name}", steps.digest_of(requirements, *PYTHON_PLATFORM), build)


def _arguments(recipe: Recipe) -> list[str]:
    ignore = recipe.containerfile.with_name(f"{recipe.containerfile.name}.dockerignore")
    return [
        "--layers",
        f"--tag={recipe.tag}",
        f"--file={recipe.containerfile}",
        f"--build-arg=BASE={recipe.base}",
        *(f"--build-context={name}={_source(of)}" for name, of in recipe.contexts.items()),
        *([f"--target={recipe.target}"] if recipe.target else []),
        *([f"--ignorefile={ignore}"] if ignore.exists() else []),
        str(recipe.context),
    ]


def _source(of: Path | str) -> str:
    return str(of) if isinstance(of, Path) else f"container-image://{of}"


def _ensure_base() -> None:
    root = steps.built("debian", steps.digest_of(RELEASE, _MERGED_USR), _make_base) / "root.tar"
    if _image_ids(BASE):
        return
    container = capture([*_command(), "from", "scratch"]).strip()
    _buildah("Unpacking the Debian base", "add", container, str(root), "/")
    _buildah("Keeping the Debian base", "commit", "--rm", container, BASE)


def _make_base(folder: Path) -> None:
    if debian.codename() != RELEASE:
        raise LookupError(f"the images are made of Debian {RELEASE}; its apt sources are needed")
    debian.ensure(["mmdebstrap"])
    steps.run(
        f"Making a Debian {RELEASE} base",
        [
            "mmdebstrap",
            "--variant=minbase",
            f"--hook-dir={_MERGED_USR}",
            RELEASE,
            str(folder / "root.tar"),
            *map(str, debian.sources()),
        ],
        log=_log("debian"),
        hint="are the machine's apt sources reachable? `apt-get update` tells",
    )


def _buildah(title: str, *arguments: str) -> None:
    steps.run(
        title,
        [*_command(), *arguments],
        log=_log(f"buildah-{arguments[0]}"),
        env={"BUILDAH_ISOLATION": "chroot"},
        hint=f"remove {_storage()} if its contents are damaged, then run the same command again",
    )


def _command() -> list[str]:
    return ["buildah", f"--root={_storage()}", "--runroot=/run/modelbond-buildah"]


def _storage() -> Path:
    return steps.cache_root() / "buildah"


def _image_ids(reference: str) -> set[str]:
    query = ["images", "--quiet", "--no-trunc", f"--filter=reference={reference}"]
    return set(capture([*_command(), *query]).split())


def _log(name: str) -> Path:
    return steps.cache_root() / "logs" / f"images-{name}.log"


def _uv() -> str:
    ours = steps.cache_root() / "uv" / "bin" / "uv"
    found = str(ours) if ours.exists() else shutil.which("uv")
    if found is None:
        raise FileNotFoundError("uv is missing: `make .venv` installs it into the cache")
    return found


def _forget_older(current: Path, name: str) -> None:
    """Keep the last few archives only: each is as large as the image."""
    os.utime(current)
    folders = sorted(
        steps.cache_root().glob(f"image-{name}-*"), key=lambda path: path.stat().st_mtime
    )
    for folder in folders[:-_KEPT_ARCHIVES]:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone() -> Iterator[None]:
    path = steps.cache_root() / "locks" / "buildah.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
