"""One probe: a real inference with a known answer, through the public way, as a customer's."""

import asyncio
import errno
import logging
import ssl
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from modelbond.adapters.bodies import bounded
from modelbond.ports.process import Clock
from modelbond.sla.canary import Canary, mismatch
from modelbond.sla.inference import LENGTH_HEADER, infer_path
from modelbond.sla.verdict import Probe, ProbeReason
from modelbond.watcher.guard import AddressForbidden, AddressNotOpened, Guard
from modelbond.watcher.inference import (
    NoAnswer,
    Question,
    answers_of,
    question_of,
)
from modelbond.watcher.means import keep_tls_buffers_small
from modelbond.watcher.names import GuardedNames, Lookup, addresses_of
from modelbond.watcher.pin import PublicKeyPin
from modelbond.watcher.stalls import Stalls
from modelbond.watcher.target import Target

_log = logging.getLogger(__name__)

# Below the 75 s after which an edge closes what rests, above the pause between two probes.
KEEP_ALIVE_SECONDS = 65.0
# Whoever was away this long knows nothing of what happened meanwhile.
_STALL_SECONDS = 1.0

_OWN_ERRORS = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EADDRNOTAVAIL,  # no port of our own is left
        errno.EAGAIN,  # no lookup is left
    }
)
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EPERM, errno.EACCES})
_STATUS = {
    401: ProbeReason.UNAUTHORIZED,
    403: ProbeReason.UNAUTHORIZED,
    # Probes have a budget of their own at the edge, and keep to it: the limit is the host's fault.
    429: ProbeReason.LIMITED,
}


class Probes:
    """Makes probes over one session: connections rest between the probes of an endpoint.

    It follows no redirect, knows no proxy, reads no environment and keeps no cookies.
    """

    def __init__(
        self, *, guard: Guard, clock: Clock, stalls: Stalls, lookup: Lookup = addresses_of
    ) -> None:
        keep_tls_buffers_small()
        self._clock = clock
        self._stalls = stalls
        self._names = GuardedNames(guard, lookup=lookup)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # the schedule bounds what is under way
                resolver=self._names,
                use_dns_cache=False,
                socket_factory=guard.socket,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
            ),
            headers={"User-Agent": "modelbond-watcher", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _failure: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
        await self._names.close()

    async def probe(self, target: Target, canary: Canary) -> Probe:
        """Ask once and judge the answer. It takes no longer than the target's deadline."""
        at, began, lost = self._clock.now(), self._clock.monotonic(), self._stalls.seconds
        try:
            async with asyncio.timeout(target.deadline_seconds):
                reason = await self._reason(target, canary)
        except TimeoutError:
            reason = ProbeReason.TOO_LATE
        seconds = self._clock.monotonic() - began
        reason = judged(
            reason,
            seconds=seconds,
            stalled_seconds=self._stalls.seconds - lost,
            bound_seconds=target.bound_seconds,
        )
        return Probe(at=at.timestamp(), reason=reason, seconds=seconds)

    async def _reason(self, target: Target, canary: Canary) -> ProbeReason:
        try:
            return await self._asked(target, canary)
        except aiohttp.ServerFingerprintMismatch:
            return ProbeReason.WRONG_KEY
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError, NoAnswer):
            return ProbeReason.MALFORMED
        except aiohttp.ClientConnectorError as failure:
            return _reason_of(failure.os_error)
        except aiohttp.ClientError:
            return ProbeReason.UNREACHABLE
        except OSError as failure:
            return _reason_of(failure)

    async def _asked(self, target: Target, canary: Canary) -> ProbeReason:
        question = question_of(canary)
        try:
            return await self._asked_once(target, canary, question)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as failure:
            if isinstance(failure, aiohttp.ClientConnectorError):
                raise
            # A connection that rested may be closed by the other side at the moment of use: that is
            # no failure of the endpoint, and to infer twice does no harm.
            return await self._asked_once(target, canary, question)

    async def _asked_once(self, target: Target, canary: Canary, question: Question) -> ProbeReason:
        url = URL(f"https://{target.place}{infer_path(target.model_name)}", encoded=True)
        async with self._session.post(
            url,
            data=question.body,
            headers={**question.headers, "Authorization": f"Bearer {target.token}"},
            ssl=PublicKeyPin(target.public_key),
            allow_redirects=False,
        ) as response:
            if response.status != 200:
                response.close()  # its body is of no interest, however long
                return _STATUS.get(response.status, ProbeReason.HTTP_ERROR)
            body = await _body(response, limit_bytes=question.answer_limit_bytes)
            answers = answers_of(body, header_length=response.headers.get(LENGTH_HEADER))
        wrong = mismatch(canary, answers)
        return ProbeReason.ANSWERED if wrong is None else ProbeReason.WRONG_ANSWER


def judged(
    reason: ProbeReason, *, seconds: float, stalled_seconds: float, bound_seconds: float
) -> ProbeReason:
    """Return what counts of a probe, once its time and the watcher's own stalls are known."""
    own = seconds - stalled_seconds
    if reason is ProbeReason.ANSWERED:
        return reason if own <= bound_seconds else ProbeReason.TOO_LATE
    away = stalled_seconds >= _STALL_SECONDS
    excused = reason is ProbeReason.TOO_LATE and own <= bound_seconds
    failed = Probe(at=0, reason=reason, seconds=seconds).failed
    return ProbeReason.OWN_FAULT if failed and (away or excused) else reason


async def _body(response: aiohttp.ClientResponse, *, limit_bytes: int) -> bytes:
    body = await bounded(response.content, limit_bytes=limit_bytes)
    if body is None:
        response.close()
        raise NoAnswer("too large")
    return body


def _reason_of(failure: OSError) -> ProbeReason:
    match failure:
        case AddressForbidden():
            return ProbeReason.FORBIDDEN_ADDRESS
        case AddressNotOpened():
            return ProbeReason.NO_WAY
        case ssl.SSLError():  # its number is none of the system's
            return ProbeReason.UNREACHABLE
    if failure.errno in _OWN_ERRORS:
        _log.error("a probe failed for want of our own means", extra={"error": str(failure)})
        return ProbeReason.OWN_FAULT
    return ProbeReason.NO_WAY if failure.errno in _NO_ROUTE else ProbeReason.UNREACHABLE
