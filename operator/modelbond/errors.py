"""Every error that modelbond raises on purpose, in one tree.

ModelbondError
├── TransientError       trying again may help: back off and retry
│   ├── ApiUnreachable       no answer: refused, reset, timed out, no route
│   ├── ApiOverloaded        429, with the server's Retry-After
│   ├── ApiBroken            5xx
│   ├── Conflicted           409: somebody else wrote first, or the UID is another
│   ├── Expired              410: the watch's resourceVersion is too old, list anew
│   ├── OwnSideFailed        our own API server failed while we dealt with another's
│   └── SourceFailed         one source of weights failed; another, or later, may serve
├── TerminalError        trying again cannot help: say so in a condition
│   ├── Unauthorized         401: the credential is expired or revoked
│   ├── Forbidden            403: the right is missing
│   ├── Invalid              422 or 400: the API server refused the object
│   ├── FieldNotDeclared     the reader's schema lacks a field that we wrote
│   ├── NameTaken            a foreign object has the name that we need
│   ├── AlreadyExists        create found an object of that name
│   └── Refused              input of a person or a stranger breaks a rule
└── Bug                  our mistake: traceback, metric, back off
"""


class ModelbondError(Exception):
    """Base of all errors of this package."""


class TransientError(ModelbondError):
    """Trying again may help. `retry_after_seconds` is the other side's wish, when it said one."""

    retry_after_seconds: float | None = None


class TerminalError(ModelbondError):
    """Trying again cannot help until somebody changes something."""


class Bug(ModelbondError):
    """Our own mistake: it is logged with its traceback and counted."""


class ApiUnreachable(TransientError):
    """The API server gave no answer at all."""


class ApiOverloaded(TransientError):
    """The API server answered 429."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ApiBroken(TransientError):
    """The API server answered 5xx."""


class Conflicted(TransientError):
    """The object changed, or is another one, since it was read."""


class Expired(TransientError):
    """The resourceVersion is too old: list anew."""


class OwnSideFailed(TransientError):
    """Our own API server failed while we dealt with another's: the other is not to blame."""


class SourceFailed(TransientError):
    """A source of weights failed. `retriable` is False when its content is wrong."""

    def __init__(self, message: str, *, retriable: bool) -> None:
        super().__init__(message)
        self.retriable = retriable


class Unauthorized(TerminalError):
    """The credential is expired or revoked."""


class Forbidden(TerminalError):
    """The credential lacks this right."""


class Invalid(TerminalError):
    """The API server refused the object; the message names the field."""


class FieldNotDeclared(TerminalError):
    """The reader's schema lacks a field that was written."""


class NameTaken(TerminalError):
    """A foreign object has the name that is needed. It is not touched."""

    def __init__(self, *, kind: str, namespace: str | None, name: str) -> None:
        place = f"{namespace}/{name}" if namespace else name
        super().__init__(f"{kind} {place} belongs to somebody else: rename it or this object")


class AlreadyExists(TerminalError):
    """Create found an object of that name."""


class Refused(TerminalError):
    """Input breaks a rule; the message names the field and the remedy."""
