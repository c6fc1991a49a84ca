"""Bearer tokens: a given one, or a file that is read anew as the kubelet rotates it."""

from pathlib import Path
from typing import Protocol

from modelbond.ports.process import Clock

_REREAD_SECONDS = 60.0


class Credential(Protocol):
    """Where the bearer token of a connection comes from."""

    def token(self) -> str | None:
        """Return the token to send, None where the connection needs none."""

    def renewed(self) -> bool:
        """After a 401: look for a newer token, and tell whether there is one."""


class GivenToken:
    """A token that stays what it is. None for connections by client certificate."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    def token(self) -> str | None:
        """Return the token."""
        return self._value

    def renewed(self) -> bool:
        """Tell that there never is another one."""
        return False


class TokenFile:
    """The ServiceAccount token that the kubelet mounts and rotates."""

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._value = self._read()

    def token(self) -> str:
        """Return the token; the file is read again each minute."""
        if self._clock.monotonic() - self._read_at > _REREAD_SECONDS:
            self._value = self._read()
        return self._value

    def renewed(self) -> bool:
        """Read the file now, and tell whether it changed."""
        before, self._value = self._value, self._read()
        return self._value != before

    def _read(self) -> str:
        self._read_at = self._clock.monotonic()
        return self._path.read_text().strip()
