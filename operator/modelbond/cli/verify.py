"""`modelbond verify`: a report computed again, from what anybody can have."""

import argparse
import json
from functools import partial
from pathlib import Path

from modelbond.cli.say import say
from modelbond.cli.verification import EQUAL, Find, Found, Outcome, Sources, examined, of_frame
from modelbond.errors import Refused
from modelbond.verify.asking import Node, NotChecked, Watcher
from modelbond.verify.chain import Chain
from modelbond.verify.hashes import hex_hash
from modelbond.verify.report import Say

EXAMPLES = """\
examples:
  modelbond verify evidence.json                      does the result follow from its inputs?
  modelbond verify evidence.json --hash 0x12..        and is it the evidence that was signed?
  modelbond verify frame-1.json frame-2.json          and does each carry on from the one before?
  modelbond verify evidence.json --rpc https://rpc.example --deployment deployments/1.json
  modelbond verify --frame 495555 --from https://watcher.example \\
    --rpc https://rpc.example --deployment deployments/1.json

What it can show:
  Evidence alone: that each offer is its lease's, each vector its watcher's and of this frame, that
  what is carried makes the previous root, and that tally, leaves, root and credits follow. Not
  that the inputs are true: which leases there are, their first, end, settled and announced, the
  table, the reference block, the other fields of what is carried; nor that this is the evidence of
  a report at all.
  With --hash, the data hash of a report on chain: that not one byte is another than was signed.
  With the evidence of the report before: that what is carried is the result of that one.
  With --frame and no --rpc: the report that watchers name, of the last 24 frames. Who signed it is
  counted and not checked.
  With --rpc: that the deployment's code stands on chain and this report in a finalized block, and
  that every input is what the chain says, by the word of that node. A quorum's signatures are on
  chain only, where the tower has checked them.
  Never: that a watcher saw what it says, or that no vector came in time and was left out.

exit codes: 0 equal, 1 could not be checked, 2 differs
"""
_WIDTH = 11


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("evidence", nargs="*", type=Path, metavar="EVIDENCE.json")
    parser.add_argument("--hash", metavar="0xHASH", help="the data hash that one file must have")
    parser.add_argument(
        "--previous", type=Path, metavar="FILE", help="evidence of the report before"
    )
    parser.add_argument("--frame", type=int, metavar="N", help="check the report on this frame")
    parser.add_argument(
        "--from",
        dest="watchers",
        action="append",
        default=[],
        metavar="URL",
        help="a watcher that serves evidence; repeatable",
    )
    parser.add_argument("--rpc", metavar="URL", help="compare with the chain that this node tells")
    parser.add_argument(
        "--deployment", type=Path, metavar="FILE", help="where the contracts are; with --rpc"
    )
    parser.add_argument(
        "--since", type=int, metavar="BLOCK", help="the block to read events from; with --rpc"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document for machines")


def run(arguments: argparse.Namespace) -> int:
    """Check each report, and tell the first difference last."""
    _check_arguments(arguments)
    tell = _silent if arguments.json else _told
    try:
        outcomes = _outcomes(arguments, tell)
    except NotChecked as failure:
        outcomes = [Outcome(name=", ".join(map(str, arguments.evidence)), failure=failure)]
    worst = max(outcomes, key=lambda outcome: outcome.code)
    if arguments.json:
        reports = [outcome.values() for outcome in outcomes]
        say(json.dumps({"equal": worst.code == EQUAL, "reports": reports}, indent=2) + "\n")
    else:
        name = f"{worst.name}: " if len(outcomes) > 1 and worst.code != EQUAL else ""
        say(f"{name}{worst.sentence}\n")
    return worst.code


def _outcomes(arguments: argparse.Namespace, tell: Say) -> list[Outcome]:
    texts = {str(path): _text(path) for path in arguments.evidence}
    sources = Sources(
        watchers=tuple(Watcher(url=url) for url in arguments.watchers),
        chain=_chain(arguments),
        known={hex_hash(text): text for text in texts.values()},
        previous=_text(arguments.previous) if arguments.previous else None,
    )
    finds: dict[str, Find] = {
        name: partial(_given, Found(text=text, data_hash=arguments.hash))
        for name, text in texts.items()
    }
    if arguments.frame is not None:
        finds[f"frame {arguments.frame}"] = of_frame(arguments.frame, sources)
    outcomes = []
    for name, find in finds.items():
        if len(finds) > 1:
            tell(name, "")
        outcomes.append(examined(name, find, sources, tell=tell))
    return outcomes


def _check_arguments(arguments: argparse.Namespace) -> None:
    if arguments.frame is None and not arguments.evidence:
        raise Refused("name a file of evidence, or a frame with --frame and --from")
    if arguments.frame is not None and not arguments.watchers:
        raise Refused("--frame needs --from: who serves the evidence?")
    if len(arguments.evidence) != 1 and (arguments.hash or arguments.previous):
        raise Refused("--hash and --previous go with one file of evidence")
    if bool(arguments.rpc) != bool(arguments.deployment):
        raise Refused("--rpc and --deployment go together")


def _chain(arguments: argparse.Namespace) -> Chain | None:
    if not arguments.rpc:
        return None
    try:
        said = json.loads(_text(arguments.deployment))
        bond, tower = (str(said[name]).lower() for name in ("modelBond", "watchTower"))
        since = said.get("block", 0) if arguments.since is None else arguments.since
        return Chain(
            node=Node(url=arguments.rpc),
            chain=int(said["chainId"]),
            tower=tower,
            bond=bond,
            codes={
                bond: str(said["modelBondCodeHash"]).lower(),
                tower: str(said["watchTowerCodeHash"]).lower(),
            },
            since=int(since),
        )
    except (ValueError, KeyError, TypeError) as failure:
        raise Refused(f"{arguments.deployment} is no deployment's file: {failure!r}") from failure


def _given(found: Found, _: Say) -> Found:
    return found


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotChecked(f"{path} cannot be read: {error.strerror}") from error


def _told(what: str, found: str) -> None:
    say(f"{what:<{_WIDTH}}{found}\n".rstrip(" "))


def _silent(what: str, found: str) -> None:
    del what, found
