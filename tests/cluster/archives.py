"""Container images without a registry or a builder: one layer in a docker-archive."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cluster.commands import capture

_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LIBRARY = re.compile(r"(/\S+) \(0x")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One layer of files under one or more names, with what runs when nothing else is said."""

    names: tuple[str, ...]
    root: Path
    entrypoint: tuple[str, ...] = ()
    user: str = "0:0"
    environment: Mapping[str, str] = field(default_factory=dict)


def write(image: Image, archive: Path) -> None:
    """Write the image as a docker-archive, the same bytes for the same files."""
    layer = _layer(image.root)
    layer_digest = hashlib.sha256(layer).hexdigest()
    config = json.dumps(_config(image, layer_digest), sort_keys=True).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    layer_name = f"{layer_digest}.tar"
    manifest = [{"Config": config_name, "RepoTags": list(image.names), "Layers": [layer_name]}]
    with tarfile.open(archive, "w") as output:
        _add(output, name=config_name, content=config)
        _add(output, name=layer_name, content=layer)
        _add(output, name="manifest.json", content=json.dumps(manifest).encode())


def copy_programs(source: Path, target: Path, *, programs: Sequence[str]) -> None:
    """Copy programs out of a root file system, with their links and the libraries they load.

    Paths are absolute inside `source`; a pattern such as `/usr/lib/*/xtables/*.so` takes all it
    matches.
    """
    pending = [found for program in programs for found in _matches(source, program)]
    copied: set[Path] = set()
    while pending:
        path = pending.pop()
        if path in copied:
            continue
        copied.add(path)
        _copy(source, target, path=path)
        inside = source / path.relative_to("/")
        if inside.is_symlink():
            pending.append(_resolve(source, path))
        elif not inside.is_dir():
            pending.extend(_libraries(source, path))


def _layer(root: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        layer.add(root, arcname=".", filter=_anonymous)
    return buffer.getvalue()


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry


def _config(image: Image, layer_digest: str) -> dict[str, object]:
    environment = {"PATH": _SEARCH_PATH, **image.environment}
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Entrypoint": list(image.entrypoint),
            "Env": [f"{name}={value}" for name, value in environment.items()],
            "User": image.user,
            "WorkingDir": "/",
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
    }


def _add(output: tarfile.TarFile, *, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    output.addfile(entry, io.BytesIO(content))


def _matches(source: Path, program: str) -> list[Path]:
    found = sorted(source.glob(program.removeprefix("/")))
    if not found:
        raise FileNotFoundError(f"{program} is not in {source}")
    return [Path("/") / path.relative_to(source) for path in found]


def _copy(source: Path, target: Path, *, path: Path) -> None:
    origin = source / path.relative_to("/")
    destination = target / path.relative_to("/")
    if destination.is_symlink() or destination.exists():
        return
    destination.parent.mkdir(parents=True, exist_ok=True)
    if origin.is_dir() and not origin.is_symlink():
        shutil.copytree(origin, destination, symlinks=True)
    else:
        shutil.copy2(origin, destination, follow_symlinks=False)


def _resolve(source: Path, path: Path) -> Path:
    """Return what the link points to, as a path inside `source`, one step at a time."""
    link = (source / path.relative_to("/")).readlink()
    return Path(os.path.normpath(path.parent / link))


def _libraries(source: Path, path: Path) -> list[Path]:
    """Return the shared libraries of an ELF file as the root's own loader finds them."""
    with (source / path.relative_to("/")).open("rb") as file:
        if file.read(4) != b"\x7fELF":
            return []
    listed = capture(["chroot", str(source), "sh", "-c", 'ldd "$1" 2>&1 || true', "ldd", str(path)])
    return [Path(found) for found in _LIBRARY.findall(listed)]
