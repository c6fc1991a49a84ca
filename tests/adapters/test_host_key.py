from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from modelbond.adapters.host_key import EllipticKeys

KEYS = EllipticKeys()
NAMES = ("magika-1234abcd", "magika", "magika.models.svc")


def certificate(request_pem: str) -> str:
    """Sign a request as some home would."""
    request = x509.load_pem_x509_csr(request_pem.encode())
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(request.subject)
        .public_key(request.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return signed.public_bytes(Encoding.PEM).decode()


def test_a_request_names_the_endpoint_and_is_signed_by_its_key() -> None:
    request = x509.load_pem_x509_csr(KEYS.signing_request(KEYS.new_key(), names=NAMES).encode())
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert tuple(names.get_values_for_type(x509.DNSName)) == NAMES
    assert request.is_signature_valid


def test_a_key_is_elliptic_and_new_each_time() -> None:
    first, second = KEYS.new_key(), KEYS.new_key()
    key = load_pem_private_key(first.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert first != second


def test_a_certificate_fits_only_the_key_that_asked_for_it() -> None:
    key = KEYS.new_key()
    signed = certificate(KEYS.signing_request(key, names=NAMES))
    assert KEYS.fits(signed, key_pem=key)
    assert not KEYS.fits(signed, key_pem=KEYS.new_key())


def test_what_is_no_certificate_or_no_such_key_fits_nothing() -> None:
    key = KEYS.new_key()
    signed = certificate(KEYS.signing_request(key, names=NAMES))
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other_pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert not KEYS.fits("no certificate", key_pem=key)
    assert not KEYS.fits(signed, key_pem="no key")
    assert not KEYS.fits(signed, key_pem=other_pem)


def test_a_long_name_still_makes_a_request() -> None:
    request = KEYS.signing_request(KEYS.new_key(), names=("a" * 63, "b" * 100 + ".svc"))
    assert request.startswith("-----BEGIN CERTIFICATE REQUEST-----")
