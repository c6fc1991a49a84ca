"""Clusters in memory, as a person's kubeconfig would open them."""

import argparse
import asyncio
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fakes.kube import FakeKube
from modelbond.api.kinds import NAMESPACE, SERVICE_ACCOUNT
from modelbond.cli import invite, join
from modelbond.cli.invitation import parse
from modelbond.cli.kubeconfig import PersonsCluster
from modelbond.cli.person import OPERATOR_ACCOUNT, SYSTEM_NAMESPACE

SERVER = "https://home.example.org:6443"
HOME = "home-1a2b3c4d"


@cache
def ca_pem() -> str:
    """Return the certificate of a CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "home")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def cluster(*, server: str = SERVER) -> tuple[FakeKube, PersonsCluster]:
    """Return a cluster in which the chart is installed."""
    kube = FakeKube()
    kube.put(NAMESPACE, {"metadata": {"name": "kube-system", "uid": "1a2b3c4d-5e6f"}})
    account = {"name": OPERATOR_ACCOUNT, "namespace": SYSTEM_NAMESPACE}
    kube.put(SERVICE_ACCOUNT, {"metadata": account})
    return kube, PersonsCluster(api=kube, server=server, ca_pem=ca_pem())


def arguments(verb: object, *words: str) -> argparse.Namespace:
    """Return the words as the verb's parser reads them."""
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)  # type: ignore[attr-defined]
    return parser.parse_args(words)


def invited(home: PersonsCluster, *words: str) -> str:
    """Invite a host and return the invitation."""
    return asyncio.run(invite.invited(arguments(invite, *words), home))


def joined(host: PersonsCluster, text: str, *words: str) -> str:
    """Take an invitation and return what was said."""
    given = arguments(join, "-f", "-", *words)
    return asyncio.run(join.joined(given, parse(text), host))
