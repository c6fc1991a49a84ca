"""What a node's refusal means, as one of modelbond.errors."""

from web3.exceptions import BadResponseFormat, ContractLogicError, Web3Exception, Web3RPCError

from modelbond.errors import (
    Bug,
    ChainUnreachable,
    Invalid,
    ModelbondError,
    OutOfFunds,
    Reverted,
)

_LONGEST_MESSAGE = 512
_INVALID_INPUT = frozenset({-32601, -32602})

# Nodes agree on these words, not on their codes. The first two are answers, not failures.
KNOWN = ("already known", "already imported", "alreadyknown")
NONCE_PASSED = ("nonce too low", "nonce is too low", "oldnonce")
UNDERPRICED = ("underpriced", "fee too low", "max fee per gas less than block base fee")
_FUNDS = ("insufficient funds",)


class AlreadyKnown(ModelbondError):
    """The node has this very transaction: all is well."""


class NoncePassed(ModelbondError):
    """A transaction of this nonce is in a block: follow the nonce, it may be ours."""


class Underpriced(ModelbondError):
    """The node keeps what it has: the next, larger bump may replace it."""


def error_of(failure: Web3Exception, *, rpc: str) -> ModelbondError:
    """Return the error for a refusal; `rpc` is the node's name."""
    message = f"RPC {rpc}: {_said(failure)}"[:_LONGEST_MESSAGE]
    if isinstance(failure, ContractLogicError):
        return Reverted(message, data=_revert_data(failure))
    said = message.lower()
    for words, error in (
        (KNOWN, AlreadyKnown),
        (NONCE_PASSED, NoncePassed),
        (UNDERPRICED, Underpriced),
        (_FUNDS, OutOfFunds),
    ):
        if any(word in said for word in words):
            return error(message)
    if not isinstance(failure, (Web3RPCError, BadResponseFormat)):
        return Bug(message)  # web3 refused our question before any node heard it
    return Invalid(message) if _code(failure) in _INVALID_INPUT else ChainUnreachable(message)


def _said(failure: Web3Exception) -> str:
    return str(getattr(failure, "message", None) or failure)


def _code(failure: Web3Exception) -> int | None:
    if not isinstance(failure, Web3RPCError) or failure.rpc_response is None:
        return None
    error = failure.rpc_response.get("error")
    return error.get("code") if isinstance(error, dict) else None


def _revert_data(failure: ContractLogicError) -> bytes:
    data = failure.data
    if not isinstance(data, str):
        return b""
    try:
        return bytes.fromhex(data.removeprefix("0x"))
    except ValueError:
        return b""
