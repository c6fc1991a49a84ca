"""`modelbond watcher`: the long-running process that measures endpoints and reports."""

import argparse
import asyncio
from pathlib import Path

from modelbond.errors import Refused

EXAMPLES = """\
examples:
  modelbond watcher --config watcher.yaml

the least that the file needs:
  state: /var/lib/modelbond-watcher      # outlives the process: ledger, signing record, evidence
  chain:
    deployment: /etc/modelbond/deployment.json
    ledgers: /var/lib/modelbond-watcher/sent
    rpcs: [{name: one, urlFile: /etc/modelbond/rpc-one}]
  attestingKey: {file: /etc/modelbond/attesting}   # signs what was seen
  payingKey: {file: /etc/modelbond/paying}         # pays for posting; without it others post
  peers: [{name: eu, url: http://watcher.example.org:8440}]
  homes: [{name: shop, invitation: /etc/modelbond/shop}]   # its files: server, ca, token
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("--config", required=True, type=Path, metavar="FILE", help="the watcher's configuration")
    add(
        "--new-record",
        action="store_true",
        help="begin a signing record although the chain has reports that this key signed: only "
        "where the old record is lost for good, and no other process signs with this key",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run until it is told to stop."""
    from modelbond.shell.logging import log_as_json
    from modelbond.watcher.config import decode_config
    from modelbond.watcher.run import watch

    try:
        text = arguments.config.read_text()
    except (OSError, UnicodeDecodeError) as failure:
        raise Refused(f"--config: {failure}") from failure
    config = decode_config(text)
    log_as_json()
    asyncio.run(watch(config, new_record=arguments.new_record))
    return 0
