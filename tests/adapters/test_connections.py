"""Which servers of strangers are connected to, and how the own one is found."""

import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp.abc
import pytest
from aiohttp import web
from cryptography import x509
from kubernetes.aio.client.configuration import Configuration

from fakes.identity import Identity, self_signed
from fakes.ports import FakeClock
from modelbond.adapters.addresses import GuardedResolver, checked_server, is_forbidden
from modelbond.adapters.connections import connect, own_connection
from modelbond.adapters.credentials import GivenToken
from modelbond.adapters.kubernetes import KubernetesApi
from modelbond.adapters.transport import Transport
from modelbond.api.kinds import HOST_CLUSTER
from modelbond.errors import ApiUnreachable, Refused

TOKEN = "t"  # noqa: S105 - protects nothing


@pytest.fixture
def identity() -> Identity:
    return self_signed("localhost", x509.DNSName("localhost"))


@pytest.mark.parametrize(
    "server",
    ["https://home.example.org", "https://10.1.2.3:6443", "https://[2001:db8::1]:6443/"],
)
def test_a_plain_https_server_is_accepted(server: str) -> None:
    assert checked_server(server)


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        ("http://home.example.org", "must be https"),
        ("ftp://home.example.org", "must be https"),
        ("https://", "must be https"),
        ("home.example.org:6443", "must be https"),
        ("https://home.example.org:port", "Port could not be cast"),
        ("https://user:secret@home.example.org", "no user"),
        ("https://home.example.org/?x=1", "no user, query"),
        ("https://home.example.org/#x", "no user, query or fragment"),
        ("https://home.example.org/api", "no path"),
        ("https://localhost:6443", "this machine itself"),
        ("https://api.localhost", "this machine itself"),
        ("https://127.0.0.1:6443", "loopback"),
        ("https://127.9.9.9", "loopback"),
        ("https://[::1]:6443", "loopback"),
        ("https://[::ffff:127.0.0.1]", "loopback"),
        ("https://0.0.0.0", "loopback"),
        ("https://169.254.169.254", "metadata"),
        ("https://[fe80::1%25eth0]", "link-local"),
        ("https://100.100.100.200", "metadata"),
        ("https://[fd00:ec2::254]", "metadata"),
    ],
)
def test_any_other_server_is_refused_with_the_reason(server: str, reason: str) -> None:
    with pytest.raises(Refused, match=f"server: .*{reason}"):
        checked_server(server)


def test_a_private_network_is_not_forbidden() -> None:
    assert not is_forbidden(ipaddress.ip_address("10.96.0.1"))
    assert not is_forbidden(ipaddress.ip_address("192.168.1.1"))


@pytest.mark.parametrize("name", ["localhost", "2130706433", "0x7f.1"])
async def test_a_name_that_leads_to_this_machine_is_not_connected_to(name: str) -> None:
    with pytest.raises(OSError, match="not connected to"):
        await GuardedResolver().resolve(name, 6443)


@pytest.mark.parametrize("token", ["", " ", "two\nlines", "smuggled\r\nHost: x", "nön-ascii"])
def test_a_token_that_is_not_one_printable_line_is_refused(token: str, identity: Identity) -> None:
    with pytest.raises(Refused, match="token"):
        connect(server="https://10.0.0.1", ca_pem=identity.ca_pem, token=token)


@pytest.mark.parametrize(
    "ca_pem",
    ["", "/etc/passwd", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"],
)
def test_an_authority_that_is_no_certificate_is_refused(ca_pem: str) -> None:
    with pytest.raises(Refused, match="ca"):
        connect(server="https://10.0.0.1", ca_pem=ca_pem, token=TOKEN)


async def test_a_guarded_client_does_not_connect_to_what_a_name_leads_to() -> None:
    transport = Transport(
        Configuration(host="https://localhost:6443"),
        credential=GivenToken(TOKEN),
        resolver=GuardedResolver(),
    )
    api = KubernetesApi(transport)

    with pytest.raises(ApiUnreachable, match="not connected to"):
        await api.get(HOST_CLUSTER, "a")
    await api.close()


@pytest.fixture
async def https_port(identity: Identity, tmp_path: Path) -> AsyncIterator[int]:
    async def empty_list(_: web.Request) -> web.Response:
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": []})

    application = web.Application()
    application.router.add_get("/{rest:.*}", empty_list)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity.both(tmp_path / "both.pem"))
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


class NamesLeadHere(aiohttp.abc.AbstractResolver):
    """Resolves every name to loopback, whatever the environment says about proxies."""

    async def resolve(
        self, host: str, port: int = 0, family: int = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        return [
            aiohttp.abc.ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


async def listed_over_tls(port: int, *, host: str, ca_pem: str) -> list[object]:
    api = KubernetesApi(
        Transport(
            Configuration(host=f"https://{host}:{port}", ca_cert_data=ca_pem),
            credential=GivenToken(TOKEN),
            resolver=NamesLeadHere(),
        )
    )
    try:
        return list((await api.list(HOST_CLUSTER)).items)
    finally:
        await api.close()


async def test_the_given_authority_is_believed_and_proxies_of_the_environment_are_not(
    https_port: int, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    assert await listed_over_tls(https_port, host="localhost", ca_pem=identity.ca_pem) == []


async def test_a_proxy_is_gone_through_where_the_configuration_names_one() -> None:
    asked: list[str] = []

    async def proxied(request: web.Request) -> web.Response:
        asked.append(request.host)
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": []})

    application = web.Application()
    application.router.add_get("/{rest:.*}", proxied)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    proxy = f"http://127.0.0.1:{runner.addresses[0][1]}"
    configuration = Configuration(host="http://home.invalid", proxy=proxy)
    api = KubernetesApi(Transport(configuration, credential=GivenToken(TOKEN)))
    assert (await api.list(HOST_CLUSTER)).items == []
    assert asked == ["home.invalid"]
    await api.close()
    await runner.cleanup()


async def test_another_authority_or_another_name_is_not_believed(
    https_port: int, identity: Identity
) -> None:
    stranger = self_signed("localhost", x509.DNSName("localhost"))

    with pytest.raises(ApiUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
        await listed_over_tls(https_port, host="localhost", ca_pem=stranger.ca_pem)
    with pytest.raises(ApiUnreachable, match="mismatch"):
        await listed_over_tls(https_port, host="elsewhere.test", ca_pem=identity.ca_pem)


async def test_a_pod_finds_its_cluster_by_its_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("mounted")
    monkeypatch.setattr("modelbond.adapters.connections._ACCOUNT_FOLDER", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")

    connection = await own_connection(kubeconfig=None, clock=FakeClock())

    assert connection.server == "https://[fd00::1]:6443"
    assert connection.credential.token() == "mounted"
    assert connection.ca_file == str(tmp_path / "ca.crt")


async def test_outside_a_pod_and_without_a_kubeconfig_there_is_no_cluster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(Refused, match="no cluster"):
        await own_connection(kubeconfig=None, clock=FakeClock())


async def test_for_development_a_kubeconfig_says_the_way(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(
        """
        apiVersion: v1
        kind: Config
        current-context: c
        contexts: [{name: c, context: {cluster: k, user: u}}]
        clusters:
        - {name: k, cluster: {server: "http://127.0.0.1:1234", proxy-url: "http://127.0.0.1:9"}}
        users: [{name: u, user: {token: from-the-file}}]
        """
    )

    connection = await own_connection(kubeconfig=str(file), clock=FakeClock())

    assert connection.server == "http://127.0.0.1:1234"
    assert connection.credential.token() == "from-the-file"
    api = connection.open()
    assert api._transport._rest.proxy is None, "an operator goes through no proxy"
    await api.close()
