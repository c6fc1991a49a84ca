"""HTTP from strangers: each hop's address is checked, and the connection goes to that one."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urljoin

import urllib3.exceptions
from requests import PreparedRequest, Request, RequestException, Response
from requests.adapters import HTTPAdapter

from modelbond import __version__
from modelbond.adapters.fetch_pace import Answer, Pace, Pacer, paced
from modelbond.errors import Refused
from modelbond.fetching.backoff import retry_after_seconds
from modelbond.fetching.failures import NotAllowed, SourceTrouble
from modelbond.fetching.source_policy import DEFAULT_PORTS, Address, SourcePolicy, split_url

REDIRECT_LIMIT = 5
ADDRESSES_TRIED = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})

Resolve = Callable[[str, int], Sequence[Address]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a server may take to connect, and to send anything at all."""

    connect_seconds: float = 10.0
    silence_seconds: float = 30.0


def resolve(host: str, port: int) -> list[Address]:
    """Return the addresses of a name, in the system's order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(sockaddr[0]) for *_, sockaddr in found]


class PinnedAdapter(HTTPAdapter):
    """Connects to the one address that was checked; the certificate must be the name's."""

    def __init__(self, address: Address, *, name: str, pacer: Pacer) -> None:
        super().__init__()
        self._address = address
        self._name = name
        self._pacer = pacer

    def get_connection_with_tls_context(self, *args: Any, **rest: Any) -> Any:
        """Return a pool whose connections are read at the pace."""
        pool: Any = super().get_connection_with_tls_context(*args, **rest)
        pool.ConnectionCls = paced(pool.ConnectionCls, pacer=self._pacer)
        return pool

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return where to connect to, and what TLS has to prove."""
        place, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        if place["scheme"] == "https":
            tls = {**tls, "server_hostname": self._name, "assert_hostname": self._name}
        return {**place, "host": str(self._address)}, tls


class CheckedHttp:
    """GET within a SourcePolicy: no proxies, no cookies, no credentials, no content encoding."""

    def __init__(
        self,
        policy: SourcePolicy,
        *,
        timeouts: Timeouts | None = None,
        pace: Pace | None = None,
        resolve: Resolve = resolve,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._timeouts = timeouts or Timeouts()
        self._pace = pace or Pace()
        self._resolve = resolve
        self._monotonic = monotonic
        self._trusted = _trusted()

    @contextmanager
    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Open the answer (200, 206 or 416) after redirects; SourceTrouble on anything else."""
        for _ in range(REDIRECT_LIMIT + 1):
            with self._hop(url, headers=headers or {}) as answer:
                if answer.status not in _REDIRECTS:
                    _check_status(answer)
                    yield answer
                    return
                url = _redirected(url, answer.header("Location"))
        raise SourceTrouble("too many redirects", retriable=False)

    @contextmanager
    def _hop(self, url: str, *, headers: Mapping[str, str]) -> Iterator[Answer]:
        parts, addresses = self._checked(url)
        answer, adapter = self._first_answer(parts, addresses=addresses, headers=headers)
        try:
            yield answer
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _trouble(error) from error
        finally:
            answer.response.close()
            adapter.close()

    def _checked(self, url: str) -> tuple[SplitResult, list[Address]]:
        try:
            parts = split_url(url)
            self._policy.check_url(url)
            found = self._looked_up(parts)
            allowed = [address for address in found if self._allows(url, address)]
        except Refused as refusal:
            raise NotAllowed(str(refusal)) from refusal
        if not allowed:
            raise NotAllowed("the name leads to no address that the host's policy opens")
        return parts, allowed[:ADDRESSES_TRIED]

    def _looked_up(self, parts: SplitResult) -> Sequence[Address]:
        host = parts.hostname or ""
        try:
            return self._resolve(host, _port(parts))
        except (OSError, UnicodeError) as error:
            raise SourceTrouble("the name does not resolve", retriable=True) from error

    def _allows(self, url: str, address: Address) -> bool:
        try:
            self._policy.check_address(url, address)
        except Refused:
            return False
        return True

    def _first_answer(
        self, parts: SplitResult, *, addresses: Sequence[Address], headers: Mapping[str, str]
    ) -> tuple[Answer, PinnedAdapter]:
        for address in addresses:
            pacer = Pacer(pace=self._pace, monotonic=self._monotonic)
            adapter = PinnedAdapter(address, name=parts.hostname or "", pacer=pacer)
            try:
                response = self._ask(parts, adapter=adapter, headers=headers)
            except (urllib3.exceptions.HTTPError, OSError, SourceTrouble) as error:
                adapter.close()
                failure = error
            else:
                return Answer(response=response, pacer=pacer), adapter
        raise _trouble(failure) from failure

    def _ask(
        self, parts: SplitResult, *, adapter: PinnedAdapter, headers: Mapping[str, str]
    ) -> Response:
        sent = {
            "Host": parts.netloc,
            "User-Agent": f"modelbond/{__version__}",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
        }
        # Not through a session: it would read a redirect's whole content, however long.
        return adapter.send(
            Request("GET", parts.geturl(), headers=sent).prepare(),
            stream=True,
            timeout=(self._timeouts.connect_seconds, self._timeouts.silence_seconds),
            verify=self._trusted,
        )


def _trusted() -> str | bool:
    """Return the system's certificates, where SSL_CERT_FILE or Debian has them."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True


def _port(parts: SplitResult) -> int:
    return parts.port or DEFAULT_PORTS[parts.scheme]


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise NotAllowed("the redirect cannot be read") from None


def _check_status(answer: Answer) -> None:
    status = answer.status
    if status not in {200, 206, 416}:
        trouble = SourceTrouble(f"HTTP {status}", retriable=status in _PASSING)
        trouble.retry_after_seconds = retry_after_seconds(
            answer.header("Retry-After"), now=datetime.now(UTC)
        )
        raise trouble
    if answer.header("Content-Encoding") not in {"", "identity"}:
        raise SourceTrouble("the server encodes the content", retriable=False)


def _trouble(error: Exception) -> SourceTrouble:
    """Return the class of a failure: its text may hold what an internal server said."""
    match _cause(error):
        case SourceTrouble() as trouble:
            return trouble
        case urllib3.exceptions.SSLError():
            return SourceTrouble("TLS failed", retriable=True)
        case urllib3.exceptions.ReadTimeoutError() | TimeoutError():
            return SourceTrouble("the server fell silent", retriable=True)
        case urllib3.exceptions.NewConnectionError():
            return SourceTrouble("no connection", retriable=True)
        case urllib3.exceptions.ConnectTimeoutError():
            return SourceTrouble("no connection in time", retriable=True)
        case _:
            return SourceTrouble("the connection broke", retriable=True)


def _cause(error: Exception) -> object:
    """Return what the connection met: requests wraps it, and what it wraps may wrap it again."""
    met = error.args[0] if isinstance(error, RequestException) and error.args else error
    return met.reason if isinstance(met, urllib3.exceptions.MaxRetryError) else met
