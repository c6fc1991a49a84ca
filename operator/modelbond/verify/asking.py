"""Who is asked: watchers for evidence, a node for what is on chain. Every answer is bounded."""

import json
from dataclasses import dataclass, field
from typing import Any

import requests

from modelbond.errors import TransientError
from modelbond.verify.hashes import hex_hash, word
from modelbond.verify.text import ADDRESS, HASH, Differs, Values, fit, shown

_TIMEOUT_SECONDS = (5, 60)
_LONGEST_BYTES = 64 * 2**20
_NOT_FOUND = 404


class NotChecked(TransientError):
    """What a check needs cannot be had now."""


Named = tuple[str, str]
"""A report as people name it: its data hash and its root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """A watcher, by the URL where it serves."""

    url: str

    def signed(self, frame: int) -> dict[Named, set[str]]:
        """Return who signed which report on a frame, by what its board shows; nobody checked that.

        An entry that cannot be read is passed over, as every reader of a board does.
        """
        found = self._get(f"frames/{frame}")
        entries = _object(found, who=self.url).get("signatures", []) if found is not None else []
        if not isinstance(entries, list):
            raise NotChecked(f"{self.url}: frames/{frame} cannot be read: signatures are no list")
        signers: dict[Named, set[str]] = {}
        for named, signer in filter(None, map(_signed, entries)):
            signers.setdefault(named, set()).add(signer)
        return signers

    def evidence(self, data_hash: str) -> bytes | None:
        """Return the evidence of that hash; None where it is not served, or is of another."""
        found = self._get(f"evidence/{data_hash}")
        return found if found is not None and hex_hash(found) == data_hash else None

    def _get(self, path: str) -> bytes | None:
        return _body("GET", f"{self.url.rstrip('/')}/v1/{path}", who=self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One event: where it stands, its topics, and the words of its data."""

    block: int
    index: int
    topics: list[str]
    words: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An RPC of the chain. Its URL may hold a secret, so nothing says it."""

    url: str = field(repr=False)

    def ask(self, method: str, *params: object) -> Any:
        """Return the result of a call."""
        answer = self._answer(method, *params)
        if "result" not in answer:
            raise NotChecked(f"the RPC refuses {method}: {shown(answer.get('error'))}")
        return answer["result"]

    def call(self, to: str, function: str, argument: int, *, block: int) -> list[int]:
        """Return the words that a view answers at a block, or at the newest final one.

        The latter where a node does not keep the state of the former.
        """
        data = f"{hex_hash(function.encode())[:10]}{word(argument).hex()}"
        for tag in (hex(block), "finalized"):
            answer = self._answer("eth_call", {"to": to, "data": data}, tag)
            if "result" in answer:
                return _words(answer["result"])
        raise NotChecked(f"the RPC refuses {function}: {shown(answer.get('error'))}")

    def logs(self, address: str, topics: list[str], *, since: int, until: int) -> list[Log]:
        """Return a contract's events of these topics, in steps as short as the node wants them."""
        wanted = {"address": address, "topics": [topics]}
        blocks = {"fromBlock": hex(since), "toBlock": hex(until)}
        answer = self._answer("eth_getLogs", wanted | blocks)
        if "error" in answer and since < until:
            middle = (since + until) // 2
            first = self.logs(address, topics, since=since, until=middle)
            return first + self.logs(address, topics, since=middle + 1, until=until)
        if "result" not in answer:
            raise NotChecked(f"the RPC refuses eth_getLogs: {shown(answer.get('error'))}")
        return sorted(map(_log, answer["result"]), key=lambda log: (log.block, log.index))

    def _answer(self, method: str, *params: object) -> Values:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": [*params]}
        return _object(_body("POST", self.url, who="the RPC", content=request), who="the RPC")


def _body(method: str, url: str, *, who: str, content: Values | None = None) -> bytes | None:
    """Return what is answered; None for 404."""
    try:
        with requests.request(
            method, url, json=content, timeout=_TIMEOUT_SECONDS, stream=True, allow_redirects=False
        ) as response:
            if response.status_code == _NOT_FOUND:
                return None
            if response.status_code != requests.codes.ok:
                raise NotChecked(f"{who}: HTTP {response.status_code}")
            body = b""
            for part in response.iter_content(65_536):
                body += part
                if len(body) > _LONGEST_BYTES:
                    raise NotChecked(f"{who}: the answer is longer than {_LONGEST_BYTES} bytes")
            return body
    except (requests.RequestException, ValueError) as failure:
        raise NotChecked(f"{who}: no answer: {type(failure).__name__}") from None


def _object(body: bytes | None, *, who: str) -> Values:
    try:
        found = json.loads(body or b"")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NotChecked(f"{who}: the answer is no JSON object")
    return found


def _signed(entry: Any) -> tuple[Named, str] | None:
    """Return a report and its signer; None for an entry that is none."""
    try:
        report, signer = entry["report"], entry["signer"]
        fit(signer, ADDRESS, path="signer")
        for name in ("dataHash", "root"):
            fit(report[name], HASH, path=name)
    except (Differs, KeyError, TypeError):
        return None
    return (report["dataHash"], report["root"]), signer


def _log(log: Values) -> Log:
    block, index = int(log["blockNumber"], 16), int(log["logIndex"], 16)
    return Log(block=block, index=index, topics=log["topics"], words=_words(log["data"]))


def _words(data: str) -> list[int]:
    digits = data.removeprefix("0x")
    return [int(digits[place : place + 64], 16) for place in range(0, len(digits), 64)]
