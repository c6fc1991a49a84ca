"""The images of tests and demo, each a docker-archive for `kind load image-archive`."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from cluster import steps
from images import builder, models
from images.builder import Recipe

REPOSITORY = Path(__file__).parents[2]
HERE = Path(__file__).parent
CONTAINERFILE = REPOSITORY / "operator" / "Containerfile"
REQUIREMENTS = REPOSITORY / "requirements" / "operator.txt"


def operator() -> Path:
    """Return localhost/modelbond/operator:dev: the one image of modelbond."""
    return builder.archive(_operator())


def triton() -> Path:
    """Return localhost/modelbond/triton:dev: Triton with ONNX Runtime on the CPU."""
    return builder.archive(_with_packages("triton"))


def client() -> Path:
    """Return localhost/modelbond/client:dev: Python with tritonclient, and curl."""
    return builder.archive(_with_packages("client"))


def files() -> Path:
    """Return localhost/modelbond/files:dev: an HTTP server of the models on port 8080."""
    folder = HERE / "files"
    honest = {model.name: model.path for model in (models.magika(), models.tiny(), models.other())}
    served = _served({**honest, "tampered": models.tampered()})
    base = _stage("base")
    recipe = Recipe(
        name="files",
        key=steps.digest_of(base.key, folder, served),
        containerfile=folder / "Containerfile",
        context=folder,
        contexts={"models": served},
        base=builder.keep_image(base),
    )
    return builder.archive(recipe)


def _operator() -> Recipe:
    code = REPOSITORY / "operator" / "modelbond"
    sources = sorted(path for path in code.rglob("*") if _is_source(path))
    parts = [part for path in sources for part in (str(path.relative_to(code)), path)]
    runtime = _stage("runtime")
    return Recipe(
        name="operator",
        key=steps.digest_of(runtime.key, REPOSITORY / "operator" / "edge.sh", *parts),
        containerfile=CONTAINERFILE,
        context=REPOSITORY,
        contexts={"runtime": builder.keep_image(runtime)},
    )


def _stage(name: str) -> Recipe:
    """Return a stage of the operator's image, kept under a version of its own."""
    key = steps.digest_of(CONTAINERFILE, REQUIREMENTS)
    return Recipe(
        name=name,
        key=key,
        containerfile=CONTAINERFILE,
        context=REPOSITORY,
        contexts={"packages": builder.python_packages("operator", REQUIREMENTS)},
        target=name,
        version=key[:12],
    )


def _with_packages(name: str) -> Recipe:
    folder = HERE / name
    requirements = folder / "requirements.txt"
    return Recipe(
        name=name,
        key=steps.digest_of(folder),
        containerfile=folder / "Containerfile",
        context=folder,
        contexts={"packages": builder.python_packages(name, requirements)},
    )


def _served(folders: Mapping[str, Path]) -> Path:
    """Return one folder that holds the models' folders under their names."""

    def build(target: Path) -> None:
        for name, folder in folders.items():
            shutil.copytree(folder, target / name)

    return steps.built("models", steps.digest_of(*folders, *folders.values()), build)


def _is_source(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts
