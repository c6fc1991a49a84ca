"""A verb's answer on standard output, or a sentence about why it could not be written."""

import os
import sys

from modelbond.errors import Refused


def say(answer: str | bytes) -> None:
    """Write the whole answer now; Refused where nobody takes it."""
    content = answer.encode() if isinstance(answer, str) else answer
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        # Else the interpreter writes what is left in the buffer once more, and fails once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Refused(f"standard output cannot be written: {error.strerror}") from error
