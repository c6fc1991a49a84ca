"""`modelbond digest`: the identity of a folder of weights, as coreutils would give it."""

import argparse
from pathlib import Path

from modelbond.adapters.folder_digest import folder_digest
from modelbond.cli.say import say
from modelbond.errors import Refused
from modelbond.fetching.sums import SUMS_NAME

EXAMPLES = """\
examples:
  modelbond digest ./model               digest and size for spec.model
  modelbond digest --write ./model       also write SHA256SUMS: then serve the folder
  modelbond digest --sums ./model        print what SHA256SUMS would hold

the same with coreutils:
  cd model && find . -type f ! -path ./SHA256SUMS -printf '%P\\0' | LC_ALL=C sort -z |
    xargs -0 sha256sum -- > SHA256SUMS && sha256sum SHA256SUMS
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of the model's files")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--write", action="store_true", help="write DIR/SHA256SUMS")
    shown.add_argument("--sums", action="store_true", help="print SHA256SUMS instead")


def run(arguments: argparse.Namespace) -> int:
    """Print what belongs into spec.model."""
    found = folder_digest(arguments.folder)
    if arguments.sums:
        say(found.sums)
        return 0
    if arguments.write:
        _write(arguments.folder / SUMS_NAME, found.sums)
    say(f"digest: {found.digest}\nsize: {found.size_bytes}\n")
    return 0


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}") from error
