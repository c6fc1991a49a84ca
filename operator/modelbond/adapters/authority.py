"""The home's certificate authority: one key in one Secret, and exact words for each request."""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from modelbond.api.kinds import SECRET, Json
from modelbond.errors import AlreadyExists, Refused
from modelbond.ports.cluster import KubeApi
from modelbond.ports.process import Clock
from modelbond.reconcile.home_certificate import (
    Certificate,
    encoded,
    seconds_to_renewal,
    secret_text,
)

SECRET_NAME = "modelbond-ca"  # noqa: S105 - the name of a Secret, not its content
_CA_DAYS = 3650
_BACKDATED = timedelta(minutes=5)  # for clients whose clocks are a little behind
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issuer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    pem: str


class SecretAuthority:
    """Implements controllers' Authority with a Secret that is made once and never changed."""

    def __init__(
        self, *, api: KubeApi, namespace: str, certificate_days: int, clock: Clock
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._life = timedelta(days=certificate_days)
        self._clock = clock
        self._loading = asyncio.Lock()
        self._issuer: _Issuer | None = None

    async def ca_pem(self) -> str:
        """Return the authority's certificate; made and stored at the first call ever."""
        return (await self._loaded()).pem

    def new_token(self) -> str:
        """Return 32 random bytes as base64url."""
        return secrets.token_urlsafe(_TOKEN_BYTES)

    def endpoint_key(self, signing_request: str) -> bytes:
        """Return SHA-256 of the request's key: what watchers hold the endpoint to."""
        key = requested_key(signing_request)
        der = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(der).digest()

    async def certificate(
        self, *, signing_request: str, names: Sequence[str], held: str | None
    ) -> Certificate:
        """Return the held certificate while it does, else a new one for these names only."""
        issuer, now = await self._loaded(), self._clock.now()
        key = requested_key(signing_request)
        found = _read(held) if held else None
        if found is None or not _does(found, key=key, names=names, issuer=issuer, now=now):
            found = _signed(issuer, key=key, names=names, now=now, life=self._life)
        wait = seconds_to_renewal(
            begins=found.not_valid_before_utc, ends=found.not_valid_after_utc, now=now
        )
        return Certificate(pem=_pem(found), renew_in_seconds=max(wait, 1.0))

    async def _loaded(self) -> _Issuer:
        async with self._loading:
            if self._issuer is None:
                self._issuer = _issuer(await self._secret())
        return self._issuer

    async def _secret(self) -> Json:
        held = await self._api.get(SECRET, SECRET_NAME, namespace=self._namespace)
        if held is not None:
            return held
        try:
            return await self._api.create(SECRET, _new_ca(self._namespace, now=self._clock.now()))
        except AlreadyExists:
            held = await self._api.get(SECRET, SECRET_NAME, namespace=self._namespace)
            return held or {}


def requested_key(signing_request: str) -> ec.EllipticCurvePublicKey:
    """Return the key that a host wants certified; Refused unless it proves an EC P-256 key.

    Nothing else of the request is used: names and wishes in it are a stranger's.
    """
    try:
        request = x509.load_pem_x509_csr(signing_request.encode())
        proven, key = request.is_signature_valid, request.public_key()
    except (ValueError, UnsupportedAlgorithm) as failure:
        raise Refused(f"the signing request cannot be read: {failure}") from failure
    if not proven:
        raise Refused("the signing request is not signed by its own key")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Refused("the signing request's key is not EC P-256")
    return key


def _new_ca(namespace: str, *, now: datetime) -> Json:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "modelbond home CA")])
    certificate = (
        _builder(name, key=key.public_key(), begins=now, ends=now + timedelta(days=_CA_DAYS))
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.kind,
        "metadata": {
            "name": SECRET_NAME,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "modelbond"},
        },
        "type": "kubernetes.io/tls",
        "data": encoded({"tls.crt": _pem(certificate), "tls.key": private.decode()}),
    }


def _issuer(secret: Json) -> _Issuer:
    pem, private = secret_text(secret, "tls.crt"), secret_text(secret, "tls.key")
    certificate = _read(pem or "")
    if certificate is None or private is None:
        raise Refused(f"Secret {SECRET_NAME} holds no CA: delete it and a new one is made")
    try:
        key = serialization.load_pem_private_key(private.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as failure:
        raise Refused(f"Secret {SECRET_NAME}: tls.key cannot be read: {failure}") from failure
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Refused(f"Secret {SECRET_NAME}: tls.key is not an elliptic-curve key")
    if key.public_key() != certificate.public_key():
        raise Refused(f"Secret {SECRET_NAME}: tls.key does not belong to tls.crt")
    return _Issuer(certificate=certificate, key=key, pem=_pem(certificate))


def _signed(
    issuer: _Issuer,
    *,
    key: ec.EllipticCurvePublicKey,
    names: Sequence[str],
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[-1])])
    ends = min(now + life, issuer.certificate.not_valid_after_utc)
    return (
        _builder(subject, key=key, begins=now, ends=ends)
        .issuer_name(issuer.certificate.subject)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
        .sign(issuer.key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, *, key: ec.EllipticCurvePublicKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins - _BACKDATED)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _does(
    held: x509.Certificate,
    *,
    key: ec.EllipticCurvePublicKey,
    names: Sequence[str],
    issuer: _Issuer,
    now: datetime,
) -> bool:
    """Say whether a held certificate is ours, for this key and these names, and young enough."""
    try:
        held.verify_directly_issued_by(issuer.certificate)
        alternative = held.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, a new one is made
        return False
    left = seconds_to_renewal(
        begins=held.not_valid_before_utc, ends=held.not_valid_after_utc, now=now
    )
    held_names = alternative.value.get_values_for_type(x509.DNSName)
    return held.public_key() == key and held_names == list(names) and left > 0


def _read(pem: str) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
