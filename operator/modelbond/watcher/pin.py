"""The endpoint's own key is its identity: no authority, name or expiry says anything here."""

import asyncio
import hashlib
import ssl
from typing import cast

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class PublicKeyPin(aiohttp.Fingerprint):
    """SHA-256 of the DER SubjectPublicKeyInfo that an endpoint must prove to hold.

    aiohttp checks it once for each connection, after the handshake and before any byte of a
    request: a token never reaches another key. Equal pins share connections.
    """

    def __init__(self, digest: bytes) -> None:
        if len(digest) != hashlib.sha256().digest_size:
            raise ValueError("a pin is 32 bytes")
        super().__init__(digest)

    def check(self, transport: asyncio.Transport) -> None:
        """Raise aiohttp.ServerFingerprintMismatch where the peer holds another key, or none."""
        found = _public_key_digest(transport.get_extra_info("ssl_object"))
        if found != self.fingerprint:
            host, port, *_ = transport.get_extra_info("peername") or ("", 0)
            raise aiohttp.ServerFingerprintMismatch(self.fingerprint, found, host, port)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKeyPin) and other.fingerprint == self.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)


def digest_of(certificate: x509.Certificate) -> bytes:
    """Return the pin's digest for the key in a certificate."""
    key = certificate.public_key()
    return hashlib.sha256(
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).digest()


def _public_key_digest(tls: object) -> bytes:
    """Return the digest of the peer's key; of nothing where it shows none that can be read."""
    try:
        der = cast("ssl.SSLObject", tls).getpeercert(binary_form=True)
        return digest_of(x509.load_der_x509_certificate(der or b""))
    except Exception:  # noqa: BLE001 - a stranger's certificate: whatever it breaks, it is not ours
        return b""
