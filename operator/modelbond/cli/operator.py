"""`modelbond operator`: the long-running process of the chart's Deployment."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--config", required=True, type=Path, metavar="FILE", help="config.yaml of the chart"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run until it is told to stop."""
    from modelbond.shell.operator import run as run_operator

    return run_operator(str(arguments.config))
