"""A session's requests over HTTP: the Lease is renewed in time whatever one connection does."""

import time

import pytest

from fakes.api_server import TOKEN, ApiServer
from fakes.host_world import AT_HOME, jwt
from fakes.ports import FakeClock
from modelbond.adapters.kubernetes import KubernetesApi
from modelbond.api.kinds import LEASE
from modelbond.controllers.link_credentials import Credential
from modelbond.controllers.link_session import Session
from modelbond.errors import ApiUnreachable
from modelbond.reconcile.host_join import claims_of
from modelbond.runtime.informer import InformerFactory


def session_of(api: KubernetesApi) -> Session:
    credential = Credential(ca_pem="", token=TOKEN, joined="", claims=claims_of(jwt()))
    return Session(
        api=api,
        credential=credential,
        make_informer=InformerFactory(clock=FakeClock()),
        on_order=lambda _: None,
        on_synced=lambda: None,
        beat_seconds=0.3,
    )


async def test_a_stalled_beat_is_given_up_and_the_next_takes_another_connection(
    api: KubernetesApi, server: ApiServer
) -> None:
    server.kube.put(LEASE, {"metadata": {"name": "host", "namespace": AT_HOME}})
    session, now = session_of(api), FakeClock().now()
    await session.beat(holder="me", now=now)
    server.trouble(wait_seconds=1.5, method="PATCH")
    began = time.monotonic()
    with pytest.raises(ApiUnreachable, match="Lease"):
        await session.beat(holder="me", now=now)
    await session.beat(holder="another", now=now)
    assert time.monotonic() - began < 1
    lease = server.kube.at(LEASE, "host", namespace=AT_HOME)
    assert lease["spec"]["holderIdentity"] == "another"
