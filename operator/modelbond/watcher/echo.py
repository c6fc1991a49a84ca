"""The watcher's own known-good target: a model that answers with what it was asked."""

import json
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from modelbond.adapters.addresses import Address
from modelbond.settlement.units import LeaseId, SliceIndex
from modelbond.sla.canary import Canary, Expected, Rule, Tensor
from modelbond.sla.inference import LENGTH_HEADER
from modelbond.watcher.control import Check
from modelbond.watcher.guard import AddressForbidden, Guard, Place
from modelbond.watcher.pin import digest_of
from modelbond.watcher.probe import Probes
from modelbond.watcher.target import Labels, Target

MODEL = "echo"
LOOPBACK = "127.0.0.1"
_QUESTION = Tensor(name="x", datatype="UINT8", shape=(16,), data=bytes(range(16)))
CANARY = Canary(
    name="echo",
    inputs=(_QUESTION,),
    expected=(Expected(tensor=_QUESTION, rule=Rule.CLOSE),),
)
_TOKEN = "echo"  # noqa: S105 - it opens nothing
_BOUND_MS = 2000
_LONG = timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A fresh key with a certificate that nobody else vouches for."""

    tls: ssl.SSLContext
    public_key: bytes


class OwnEchoOnly(Guard):
    """Lets through the one address that the guard of strangers' addresses never does."""

    def check(self, address: Address) -> None:
        """Raise AddressForbidden for every address but the own loopback."""
        if address != IPv4Address(LOOPBACK):
            raise AddressForbidden(str(address))


def fresh_identity() -> Identity:
    """Return a new identity of a TLS server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "modelbond echo")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LONG)
        .not_valid_after(now + _LONG)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # ssl reads keys from files alone
        both = Path(folder) / "both.pem"
        both.touch(mode=0o600)
        both.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        tls.load_cert_chain(both)
    return Identity(tls=tls, public_key=digest_of(certificate))


async def echo(request: web.Request) -> web.Response:
    """Answer an inference with its own binary tensors."""
    body, length = await request.read(), int(request.headers[LENGTH_HEADER])
    inputs = json.loads(body[:length])["inputs"]
    told = json.dumps({"model_name": MODEL, "model_version": "1", "outputs": inputs}).encode()
    return web.Response(
        body=told + body[length:],
        content_type="application/octet-stream",
        headers={LENGTH_HEADER: str(len(told))},
    )


@asynccontextmanager
async def serving(identity: Identity, *, port: int = 0) -> AsyncIterator[int]:
    """Serve the echo on loopback until the block ends; yields its port."""
    app = web.Application()
    app.router.add_post(f"/v2/models/{MODEL}/infer", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, port, ssl_context=identity.tls).start()
        _, bound = runner.addresses[0][:2]
        yield bound
    finally:
        await runner.cleanup()


def echo_target(public_key: bytes, *, port: int) -> Target:
    """Return the echo as a target."""
    return Target(
        lease=LeaseId(bytes(32)),
        labels=Labels(home="", namespace="", name="echo", host=""),
        place=Place(host=LOOPBACK, port=port),
        public_key=public_key,
        model_name=MODEL,
        token=_TOKEN,
        latency_bound_ms=_BOUND_MS,
        canaries=(CANARY,),
        slice_seconds=60,
        first=SliceIndex(0),
    )


def echo_check(probes: Probes, target: Target) -> Check:
    """Return the control's check: the very path that a probe takes, to a place that is known."""

    async def check() -> bool:
        return (await probes.probe(target, CANARY)).succeeded

    return check
