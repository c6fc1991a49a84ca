"""A host's own endpoint, asked as watchers will ask it: implements ports.OwnEndpoint.

The edge must show the very certificate that lies in its Secret, before the token is sent.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from modelbond.adapters.bodies import bounded
from modelbond.errors import Refused
from modelbond.ports.leases import OwnEdge
from modelbond.sla.canary import Canary, Tensor, mismatch
from modelbond.sla.inference import LENGTH_HEADER, answers, infer_path, json_bytes, question

DEADLINE_SECONDS = 30.0
LONGEST_ANSWER_BYTES = 64 * 2**20


class PinnedEndpoint:
    """Asks each canary once. Nothing is looked up: an endpoint is an address and a port."""

    def __init__(self, *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._deadline_seconds = deadline_seconds

    async def answers(
        self, canaries: Sequence[Canary], *, edge: OwnEdge, within_ms: int
    ) -> str | None:
        """Return why the answers are not the agreed ones, or None where they are."""
        try:
            connector = aiohttp.TCPConnector(ssl=_pin(edge.certificate), force_close=True)
        except ValueError:
            return "the edge has no certificate that can be read"
        async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
            try:
                async with asyncio.timeout(self._deadline_seconds):
                    for canary in canaries:
                        problem = await _asked(session, canary, edge=edge, within_ms=within_ms)
                        if problem is not None:
                            return f"{canary.name}: {problem}"
            except TimeoutError:
                return f"not all canaries were answered within {self._deadline_seconds:g} s"
        return None


async def _asked(
    session: aiohttp.ClientSession, canary: Canary, *, edge: OwnEdge, within_ms: int
) -> str | None:
    """Ask, and compare. The first answer of a cold model may be late: it gets a second try."""
    for attempt in (1, 2):
        try:
            async with asyncio.timeout(within_ms / 1000):
                outputs = await _outputs(session, canary, edge=edge)
        except TimeoutError:
            if attempt == 2:
                return f"no answer within {within_ms} ms"
            continue
        except aiohttp.ServerFingerprintMismatch:
            return "another certificate than the edge's own is shown there"
        except (aiohttp.ClientError, OSError, Refused) as failure:
            return f"{type(failure).__name__}: {failure}"[:200]
        return outputs if isinstance(outputs, str) else mismatch(canary, outputs)
    return None


async def _outputs(
    session: aiohttp.ClientSession, canary: Canary, *, edge: OwnEdge
) -> Mapping[str, Tensor] | str:
    host = f"[{edge.host}]" if ":" in edge.host else edge.host
    asked = question(canary.inputs)
    request = session.post(
        f"https://{host}:{edge.port}{infer_path(edge.model)}",
        data=asked.body,
        headers={"Authorization": f"Bearer {edge.token}", **asked.headers},
        allow_redirects=False,
    )
    async with request as response:
        body = await bounded(response.content, limit_bytes=LONGEST_ANSWER_BYTES)
        if body is None:
            raise Refused(f"the answer is larger than {LONGEST_ANSWER_BYTES} bytes")
        if response.status == 401:
            return "401, the edge does not take the probe token yet"
        if response.status != 200:
            return f"HTTP {response.status}"
        return answers(body, json_bytes=json_bytes(response.headers.get(LENGTH_HEADER)))


def _pin(certificate_pem: str) -> aiohttp.Fingerprint:
    """Return what only that certificate satisfies; ValueError where it is none."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    return aiohttp.Fingerprint(hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest())
