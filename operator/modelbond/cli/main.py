"""The verbs of `modelbond`: each is a module of its own, imported only when it is asked for."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from modelbond import __version__
from modelbond.errors import ModelbondError, TerminalError

EXIT_FAILED = 1
EXIT_REFUSED = 2


class VerbModule(Protocol):
    """What a verb's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the verb's arguments and its examples."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it and return the exit code; raises ModelbondError with a sentence for people."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb's module and its line in the list of verbs."""

    module: str
    line: str


VERBS = {
    "invite": Verb("modelbond.cli.invite", "at the home: let a host in, print its invitation"),
    "join": Verb("modelbond.cli.join", "at the host: take an invitation, open what you choose"),
    "maintenance": Verb(
        "modelbond.cli.maintenance", "at the host: announce when a leased copy is not measured"
    ),
    "explain": Verb("modelbond.cli.explain", "at the home: why a deployment runs where it does"),
    "top": Verb("modelbond.cli.top", "at the home: uptimes, budgets and who is about to pay"),
    "lease": Verb("modelbond.cli.lease", "at the home: what stands behind an uptime, and claim it"),
    "verify": Verb(
        "modelbond.cli.verify", "compute a report again, by other code, from its evidence"
    ),
    "digest": Verb("modelbond.cli.digest", "print the digest and size of a model's folder"),
    "fetch": Verb("modelbond.cli.fetch", "bring a model's files, proven (the init container)"),
    "ledger": Verb("modelbond.cli.ledger", "print what a watcher saw, slice by slice"),
    "canaries": Verb("modelbond.cli.canaries", "questions with known answers, for a lease"),
    "watcher": Verb("modelbond.cli.watcher", "measure endpoints and report, with other watchers"),
    "operator": Verb("modelbond.cli.operator", "run the operator (the chart's Deployment)"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb: 0 done, 1 failed and may pass, 2 refused."""
    words = list(sys.argv[1:] if argv is None else argv)
    program = _program_name(Path(sys.argv[0]).name)
    if not words or words[0] not in VERBS:
        return _no_verb(words, program=program)
    return _run(words[0], words[1:], program=program)


def parser_of(name: str, *, program: str) -> argparse.ArgumentParser:
    """Return the parser of one verb."""
    line = VERBS[name].line
    parser = argparse.ArgumentParser(
        prog=f"{program} {name}",
        description=line[0].upper() + line[1:] + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _module(name).add_arguments(parser)
    if parser.epilog:
        parser.epilog = parser.epilog.replace("  modelbond ", f"  {program} ")
    return parser


def _run(name: str, words: Sequence[str], *, program: str) -> int:
    arguments = parser_of(name, program=program).parse_args(words)
    try:
        return _module(name).run(arguments)
    except ModelbondError as error:
        sys.stderr.write(f"modelbond: error: {error}\n")
        return EXIT_REFUSED if isinstance(error, TerminalError) else EXIT_FAILED
    except KeyboardInterrupt:
        sys.stderr.write("modelbond: stopped\n")
        return EXIT_FAILED


def _module(name: str) -> VerbModule:
    module: VerbModule = import_module(VERBS[name].module)
    return module


def _no_verb(words: Sequence[str], *, program: str) -> int:
    match list(words):
        case ["--version"]:
            sys.stdout.write(f"modelbond {__version__}\n")
            return 0
        case ["help", verb, *_] if verb in VERBS:
            parser_of(verb, program=program).print_help()
            return 0
        case ["-h" | "--help" | "help", *_]:
            sys.stdout.write(_overview(program))
            return 0
        case [unknown, *_]:
            sys.stderr.write(f"modelbond: error: there is no verb {unknown!r}\n\n")
    sys.stderr.write(_overview(program))
    return EXIT_REFUSED


def _overview(program: str) -> str:
    lines = "".join(f"  {name:<10}{verb.line}\n" for name, verb in VERBS.items())
    return (
        f"usage: {program} VERB [...]\n\n"
        "Open models on Kubernetes clusters of different owners.\n\n"
        f"{lines}\n"
        f"'{program} VERB --help' shows a verb's arguments with examples.\n"
    )


def _program_name(command: str) -> str:
    return "kubectl modelbond" if command.startswith("kubectl-modelbond") else "modelbond"
