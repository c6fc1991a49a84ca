"""Clusters in memory, as a person's kubeconfig would open them."""

import argparse
import asyncio
from functools import cache

from fakes.identity import self_signed
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
    return self_signed("home").ca_pem


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
