"""Short commands whose output is wanted and whose failure says what they wrote to stderr."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

DEFAULT_TIMEOUT_SECONDS = 120.0


class CommandFailed(Exception):
    """A command ended with an error; carries its code and what it wrote to stderr."""

    def __init__(self, *, command: Sequence[str], code: int, stderr: str) -> None:
        super().__init__(f"`{' '.join(command)}` failed with code {code}: {stderr.strip()}")
        self.command = tuple(command)
        self.code = code
        self.stderr = stderr


def capture(
    command: Sequence[str],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
) -> str:
    """Return a command's stdout. Raises CommandFailed, or subprocess.TimeoutExpired.

    `env` is added to this process's environment.
    """
    finished = subprocess.run(
        list(command),
        check=False,
        capture_output=True,
        text=True,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        env={**os.environ, **(env or {})},
        timeout=timeout_seconds,
    )
    if finished.returncode != 0:
        raise CommandFailed(command=command, code=finished.returncode, stderr=finished.stderr)
    return finished.stdout


def succeeds(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> bool:
    """Return whether a command ends with code 0 within the usual time."""
    try:
        capture(command, env=env)
    except (CommandFailed, FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return True
