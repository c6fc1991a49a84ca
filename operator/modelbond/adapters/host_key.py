"""The host's own keys for endpoints: they are made here, signed by the home, and never travel."""

import hashlib
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

_COMMON_NAME_LIMIT = 64
_SPKI = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class EllipticKeys:
    """Implements the HostKeys port with EC P-256."""

    def new_key(self) -> str:
        """Return a new private key, PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem.decode()

    def signing_request(self, key_pem: str, *, names: Sequence[str]) -> str:
        """Return a signing request for that key and those DNS names, PEM."""
        common_name = x509.NameAttribute(NameOID.COMMON_NAME, names[0][:_COMMON_NAME_LIMIT])
        wanted = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        request = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(x509.Name([common_name]))
            .add_extension(wanted, critical=False)
            .sign(_loaded(key_pem), hashes.SHA256())
        )
        return request.public_bytes(Encoding.PEM).decode()

    def fits(self, certificate_pem: str, *, key_pem: str) -> bool:
        """Tell whether the first certificate is readable and belongs to that key."""
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
            certified = certificate.public_key()
            key = _loaded(key_pem)
        except (ValueError, UnsupportedAlgorithm):
            return False
        return certified.public_bytes(*_SPKI) == key.public_key().public_bytes(*_SPKI)

    def public_key_hash(self, key_pem: str) -> bytes:
        """Return SHA-256 of the key's SubjectPublicKeyInfo in DER; nothing of an unreadable key."""
        try:
            key = _loaded(key_pem)
        except (ValueError, UnsupportedAlgorithm):
            return b""
        return hashlib.sha256(key.public_key().public_bytes(*_SPKI)).digest()


def _loaded(key_pem: str) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(key_pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is no EC key")  # noqa: TRY004 - a wrong value, like any other
    return key
