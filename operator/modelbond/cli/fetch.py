"""`modelbond fetch`: the init container that brings a model's proven bytes."""

import argparse
import signal
import sys
import time
from pathlib import Path

from modelbond.adapters.fetch import Fetch, ModelOrder
from modelbond.adapters.fetch_http import CheckedHttp
from modelbond.adapters.fetch_progress import Progress
from modelbond.adapters.fetch_sources import Patience
from modelbond.api.conditions import Reason
from modelbond.errors import Refused
from modelbond.fetching.outcome import NotFetched, Outcome, exit_code, termination_message
from modelbond.fetching.source_policy import SourcePolicy
from modelbond.fetching.sums import checked_digest

EXAMPLES = """\
example:
  modelbond fetch --digest sha256:... --size 3145728 --format onnx --model-name magika \\
    --source https://models.example.org/magika --target /models

SOURCE is the URL of a folder that holds SHA256SUMS and the files it lists; sources are tried in
order. Without --allow only https to public addresses is followed. ALLOW is a URL prefix
(https://models.example.org/) or a network (10.0.0.0/8); each redirect and address is checked.

exit codes: 0 in place, 1 failed and may pass, 2 refused
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("--digest", required=True, help="sha256:HEX of the model's SHA256SUMS")
    add("--size", required=True, type=int, metavar="BYTES", help="bytes of all its files")
    add("--source", required=True, action="append", metavar="URL", help="a folder; repeatable")
    add("--allow", action="append", default=[], metavar="ALLOW", help="see below; repeatable")
    add("--allow-from", type=Path, metavar="FILE", help="more of them, one a line; read once")
    add("--format", required=True, help="format of the model, such as onnx")
    add("--model-name", required=True, metavar="NAME", help="its name in Triton")
    add("--target", required=True, type=Path, metavar="DIR", help="Triton's model repository")
    add("--cache", type=Path, metavar="DIR", help="keep proven models here for the next pod")
    add(
        "--termination-log",
        type=Path,
        default=Path("/dev/termination-log"),
        metavar="FILE",
        help="where the outcome goes, when it exists (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Fetch, say how it ended to the kubelet, and exit accordingly."""
    # As the first process of its container it would not be ended by a signal without a handler.
    signal.signal(signal.SIGTERM, _stop)
    try:
        outcome = _fetch(arguments).run()
    except Refused as refusal:
        outcome = NotFetched(reason=Reason.FETCH_FAILED, message=str(refusal), retriable=False)
    _tell(outcome, log=arguments.termination_log)
    return exit_code(outcome)


def _fetch(arguments: argparse.Namespace) -> Fetch:
    order = ModelOrder(
        digest=checked_digest(arguments.digest),
        size_bytes=arguments.size,
        sources=arguments.source,
        format_name=arguments.format,
        model_name=arguments.model_name,
        repository=arguments.target,
        cache=arguments.cache,
    )
    progress = Progress(
        total_bytes=arguments.size, out=sys.stdout, notes=sys.stderr, monotonic=time.monotonic
    )
    allowed = [*arguments.allow, *_listed(arguments.allow_from)]
    http = CheckedHttp(SourcePolicy.parse(allowed))
    return Fetch(order, http=http, patience=Patience(), progress=progress)


def _listed(file: Path | None) -> list[str]:
    """Return the entries of a file; one that cannot be read opens nothing, so it is refused."""
    try:
        text = file.read_text() if file else ""
    except (OSError, UnicodeDecodeError) as failure:
        raise Refused(f"--allow-from {file} cannot be read: {failure}") from failure
    return text.split()


def _tell(outcome: Outcome, *, log: Path) -> None:
    if isinstance(outcome, NotFetched):
        sys.stderr.write(f"modelbond: error: {outcome.message}\n")
    # The kubelet makes this file; elsewhere there is nobody to tell.
    if not log.exists():
        return
    try:
        log.write_text(termination_message(outcome))
    except OSError as failure:
        sys.stderr.write(f"modelbond: note: {log} cannot be written: {failure.strerror}\n")


def _stop(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)
