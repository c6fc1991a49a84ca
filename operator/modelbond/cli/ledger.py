"""`modelbond ledger`: what a watcher saw, row by row."""

import argparse
from itertools import islice
from pathlib import Path

from modelbond.cli.say import say
from modelbond.watcher.ledger import FOREVER, exported

_LINES_AT_ONCE = 1000
EXAMPLES = """\
examples:
  modelbond ledger export slices.sqlite
  modelbond ledger export slices.sqlite --after $(date -d '1 hour ago' +%s) | jq -r .verdict

A line of JSON for each slice of each lease, by the slice's end: g is good, b is bad, u is unknown.
The watcher may run meanwhile.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("what", choices=["export"], help="print all rows")
    add("file", type=Path, metavar="FILE", help="the ledger of a watcher")
    add("--after", type=int, default=0, metavar="SECONDS", help="only slices that ended later")
    add("--until", type=int, default=FOREVER, metavar="SECONDS", help="and not later than this")


def run(arguments: argparse.Namespace) -> int:
    """Print the rows."""
    lines = exported(arguments.file, after=arguments.after, until=arguments.until)
    while some := list(islice(lines, _LINES_AT_ONCE)):
        say("".join(f"{line}\n" for line in some))
    return 0
