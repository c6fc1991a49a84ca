"""What the operator and a person's commands import when they start: nothing of the chain."""

import subprocess
import sys
from pathlib import Path

SLOW = ("Crypto", "eth_abi", "eth_account", "eth_hash", "web3")


def test_neither_the_operator_nor_the_commands_wait_for_the_chains_libraries() -> None:
    code = (
        "import sys, modelbond.__main__, modelbond.cli.main, modelbond.shell.operator\n"
        f"print(*(name for name in {SLOW} if name in sys.modules))\n"
    )
    path = str(Path(__file__).parents[3] / "operator")
    ran = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, env={"PYTHONPATH": path}
    )
    assert ran.stdout.split() == []
