"""The home's CA signs keys for exactly the names it is told, and nothing a host asks for."""

import base64
import ssl
import tempfile
from datetime import UTC, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from fakes.kube import FakeKube
from fakes.ports import FakeClock
from modelbond.adapters.authority import SecretAuthority, requested_key
from modelbond.api.kinds import SECRET, Json
from modelbond.errors import AlreadyExists, ApiUnreachable, Refused

NAMES = ("llama", "llama.models", "llama.models.svc", "llama-1234abcd")
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def api() -> FakeKube:
    return FakeKube()


def authority(api: FakeKube, clock: FakeClock) -> SecretAuthority:
    return SecretAuthority(api=api, namespace="modelbond-system", certificate_days=365, clock=clock)


def request(key: Key | None = None, *, authority_wish: bool = False) -> str:
    held = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if authority_wish:
        wish = x509.BasicConstraints(ca=True, path_length=None)
        builder = builder.add_extension(wish, critical=True)
    digest = None if isinstance(held, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(held, digest).public_bytes(serialization.Encoding.PEM).decode()


def stored(api: FakeKube) -> Json:
    return api.at(SECRET, "modelbond-ca", namespace="modelbond-system")


async def test_a_certificate_verifies_against_the_ca_for_each_of_its_names(
    api: FakeKube, clock: FakeClock
) -> None:
    home = authority(api, clock)
    signed = await home.certificate(signing_request=request(), names=NAMES, held=None)
    certificate = x509.load_pem_x509_certificate(signed.pem.encode())
    ca = x509.load_pem_x509_certificate((await home.ca_pem()).encode())
    for name in NAMES:
        verifier = (
            PolicyBuilder()
            .store(Store([ca]))
            .time(clock.now().astimezone(UTC))
            .build_server_verifier(x509.DNSName(name))
        )
        assert len(verifier.verify(certificate, [])) == 2
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


async def test_a_host_that_asks_to_become_a_ca_does_not(api: FakeKube, clock: FakeClock) -> None:
    signed = await authority(api, clock).certificate(
        signing_request=request(authority_wish=True), names=NAMES, held=None
    )
    certificate = x509.load_pem_x509_certificate(signed.pem.encode())
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert not basic.value.ca


async def test_a_certificate_lasts_as_configured_and_is_renewed_at_half(
    api: FakeKube, clock: FakeClock
) -> None:
    home, asked = authority(api, clock), request()
    first = await home.certificate(signing_request=asked, names=NAMES, held=None)
    certificate = x509.load_pem_x509_certificate(first.pem.encode())
    assert certificate.not_valid_after_utc == clock.now() + timedelta(days=365)
    assert first.renew_in_seconds == pytest.approx(365 * 43_200, rel=0.001)
    clock.pass_by(first.renew_in_seconds - 1)
    same = await home.certificate(signing_request=asked, names=NAMES, held=first.pem)
    assert same.pem == first.pem
    clock.pass_by(2)
    renewed = await home.certificate(signing_request=asked, names=NAMES, held=first.pem)
    assert renewed.pem != first.pem


async def test_a_held_certificate_for_another_key_name_or_ca_is_replaced(
    api: FakeKube, clock: FakeClock
) -> None:
    home, asked = authority(api, clock), request()
    first = await home.certificate(signing_request=asked, names=NAMES, held=None)
    for_key = await home.certificate(signing_request=request(), names=NAMES, held=first.pem)
    for_name = await home.certificate(signing_request=asked, names=("other",), held=first.pem)
    other_home = authority(FakeKube(), clock)
    by_other = await other_home.certificate(signing_request=asked, names=NAMES, held=first.pem)
    nonsense = await home.certificate(signing_request=asked, names=NAMES, held="nonsense")
    found = {first.pem, for_key.pem, for_name.pem, by_other.pem, nonsense.pem}
    assert len(found) == 5


async def test_the_ca_is_made_once_and_outlives_the_process(
    api: FakeKube, clock: FakeClock
) -> None:
    first = await authority(api, clock).ca_pem()
    assert await authority(api, clock).ca_pem() == first
    assert [call.verb for call in api.writes()] == ["create"]
    assert stored(api)["type"] == "kubernetes.io/tls"


async def test_two_that_make_the_ca_at_once_end_with_one(api: FakeKube, clock: FakeClock) -> None:
    first = await authority(api, clock).ca_pem()
    there, secret = FakeKube(), stored(api)
    there.fail(AlreadyExists("raced"), verb="create")
    late = authority(there, clock)
    with pytest.raises(Refused):
        await late.ca_pem()
    there.put(SECRET, secret)
    assert await late.ca_pem() == first


async def test_a_home_that_cannot_read_its_ca_makes_no_second_one(
    api: FakeKube, clock: FakeClock
) -> None:
    api.fail(ApiUnreachable("cut"), verb="get")
    with pytest.raises(ApiUnreachable):
        await authority(api, clock).ca_pem()
    assert api.writes() == []


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (rsa.generate_private_key(public_exponent=65537, key_size=2048), "not EC P-256"),
        (ec.generate_private_key(ec.SECP384R1()), "not EC P-256"),
        (ed25519.Ed25519PrivateKey.generate(), "not EC P-256"),
    ],
)
def test_other_kinds_of_keys_are_refused(key: Key, why: str) -> None:
    with pytest.raises(Refused, match=why):
        requested_key(request(key))


def test_a_request_that_does_not_prove_its_key_is_refused() -> None:
    der = base64.b64decode("".join(request().splitlines()[1:-1]))
    forged = der[:-1] + bytes([der[-1] ^ 1])
    body = base64.b64encode(forged).decode()
    pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----\n"
    with pytest.raises(Refused, match=r"own key|cannot be read"):
        requested_key(pem)


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN CERTIFICATE REQUEST-----\n"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        requested_key(text)


def pem_of(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.mark.parametrize(
    ("private", "why"),
    [
        (None, "holds no CA"),
        ("nonsense", "cannot be read"),
        (pem_of(ed25519.Ed25519PrivateKey.generate()), "not an elliptic-curve key"),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "does not belong"),
    ],
)
async def test_a_ca_secret_that_somebody_broke_is_named(
    api: FakeKube, clock: FakeClock, private: str | None, why: str
) -> None:
    await authority(api, clock).ca_pem()
    broken = stored(api)
    broken["data"].pop("tls.key")
    if private is not None:
        broken["data"]["tls.key"] = base64.b64encode(private.encode()).decode()
    api.put(SECRET, broken)
    with pytest.raises(Refused, match=why):
        await authority(api, clock).ca_pem()


async def test_tokens_are_long_and_never_the_same(api: FakeKube, clock: FakeClock) -> None:
    home = authority(api, clock)
    tokens = {home.new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(base64.urlsafe_b64decode(f"{token}=")) == 32 for token in tokens)


async def test_openssl_takes_the_certificate_with_its_key(api: FakeKube, clock: FakeClock) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signed = await authority(api, clock).certificate(
        signing_request=request(key), names=NAMES, held=None
    )
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(signed.pem + pem_of(key))
        file.flush()
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file.name)
