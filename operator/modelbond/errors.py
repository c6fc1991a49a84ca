"""Every error that modelbond raises on purpose, in one tree.

ModelbondError
├── TransientError       trying again may help: back off and retry
│   ├── ApiUnreachable       no answer: refused, reset, timed out, no route
│   ├── ApiOverloaded        429, with the server's Retry-After
│   ├── ApiBroken            5xx
│   ├── Conflicted           409: somebody else wrote first, or the UID is another
│   ├── Expired              410: the watch's resourceVersion is too old, list anew
│   ├── OwnSideFailed        our own API server failed while we dealt with another's
│   ├── SourceFailed         one source of weights failed; another, or later, may serve
│   ├── EndpointFailed       a model's endpoint gave no answer that can be used
│   ├── ChainUnreachable     no RPC of the chain gives an answer that can be used
│   ├── FeeAboveCap          the chain asks for more than the writer may pay
│   ├── ActionPending        an action is written down and under way, and not final yet
│   ├── LedgerBusy           another process writes with this key
│   └── LedgerFailed         the disk takes or gives no rows of a watcher's ledger
├── TerminalError        trying again cannot help: say so in a condition
│   ├── Unauthorized         401: the credential is expired or revoked
│   ├── Forbidden            403: the right is missing
│   ├── Invalid              422 or 400: the API server refused the object
│   ├── FieldNotDeclared     the reader's schema lacks a field that we wrote
│   ├── NameTaken            a foreign object has the name that we need
│   ├── AlreadyExists        create found an object of that name
│   ├── Refused              input of a person or a stranger breaks a rule
│   ├── WrongChain           an RPC speaks for another chain than the configured one
│   ├── WrongCode            the code at a contract's address is not the expected one
│   ├── Reverted             a contract refused, with its error and its facts
│   ├── OutOfFunds           the key cannot pay for the transaction
│   └── NonceTaken           somebody else sent with our key
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


class EndpointFailed(TransientError):
    """A model's endpoint gave no answer that can be used; the message says what it met."""


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


class ChainUnreachable(TransientError):
    """No RPC gives an answer that can be used; the message says why for each."""


class FeeAboveCap(TransientError):
    """The chain asks for more than the writer may pay: the action waits."""

    def __init__(self, *, asked: int, cap: int) -> None:
        super().__init__(f"the chain asks for {asked} wei a gas, the cap is {cap}: waiting")
        self.asked, self.cap = asked, cap


class ActionPending(TransientError):
    """The action is written down and not final yet. Asking for it again goes on with it."""

    def __init__(self, *, once: str, what: str) -> None:
        super().__init__(f"{once}: {what}")
        self.once = once


class LedgerBusy(TransientError):
    """Another process holds the ledger: there is one writer for each key."""


class LedgerFailed(TransientError):
    """The disk takes or gives no rows of a watcher's ledger: what was not written is unknown."""


class WrongChain(TerminalError):
    """Every RPC that answers speaks for another chain than the configured one."""

    def __init__(self, *, rpc: str, expected: int, found: int) -> None:
        super().__init__(f"RPC {rpc} speaks for chain {found}, not {expected}: correct its URL")
        self.rpc, self.expected, self.found = rpc, expected, found


class WrongCode(TerminalError):
    """The code at a contract's address is not the expected one: nothing is sent there."""

    def __init__(self, *, address: str, expected: bytes, found: bytes) -> None:
        hashes = f"expected {expected.hex()}, found {found.hex()}"
        super().__init__(f"the code at {address} is another one: {hashes}")
        self.address, self.expected, self.found = address, expected, found


class Reverted(TerminalError):
    """A contract refused. `error` is its name there, empty where it said none; `data` is raw."""

    def __init__(self, message: str, *, error: str = "", data: bytes = b"") -> None:
        super().__init__(message)
        self.error, self.data = error, data


class OutOfFunds(TerminalError):
    """The key cannot pay for its transaction until somebody sends it coins."""


class NonceTaken(TerminalError):
    """A transaction that is not ours used a nonce of our key: the key has a second writer."""

    def __init__(self, *, sender: str, nonce: int, once: str) -> None:
        super().__init__(f"{sender} sent nonce {nonce} elsewhere; {once} was not carried out")
        self.sender, self.nonce, self.once = sender, nonce, once
