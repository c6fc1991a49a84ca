"""A kubeconfig leads where kubectl would go, or is refused with a sentence."""

import asyncio
from pathlib import Path

import pytest

from modelbond.cli.kubeconfig import PersonsCluster, opened, proxy_for
from modelbond.cli.main import main
from modelbond.errors import Refused

SERVER = "https://api.example.org:6443"
PROXY = "http://proxy.example.org:3128"
CONFIG = """\
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: c, user: u, namespace: models}}]
clusters: [{name: c, cluster: {server: "https://api.example.org:6443"}}]
users: [{name: u, user: {token: mine}}]
"""


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def read(path: Path, text: str) -> PersonsCluster:
    """Open the cluster that this text describes, and close it again."""
    path.write_text(text)

    async def read() -> PersonsCluster:
        cluster = await opened(kubeconfig=str(path), context=None)
        await cluster.api.close()
        return cluster

    return asyncio.run(read())


def test_server_and_namespace_are_the_contexts(tmp_path: Path) -> None:
    cluster = read(tmp_path / "config", CONFIG)
    assert (cluster.server, cluster.namespace, cluster.ca_pem) == (SERVER, "models", None)


def test_a_context_without_a_namespace_means_default(tmp_path: Path) -> None:
    text = CONFIG.replace(", namespace: models", "")
    assert read(tmp_path / "config", text).namespace == "default"


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "- a\n- b\n",
        "hello",
        "",
        "\x00",
        CONFIG.replace("server:", "sever:"),
        CONFIG.replace('6443"', '6443", certificate-authority-data: aGVsbG8='),
        CONFIG.replace('6443"', '6443", certificate-authority: /nowhere'),
        CONFIG.replace('6443"', '6443", proxy-url: "socks5://proxy.example.org"'),
        CONFIG.replace("current-context: here", "current-context: there"),
        CONFIG.replace("token: mine", "tokenFile: /nowhere"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_refused_in_one_line(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    assert main(["explain", "magika", "--kubeconfig", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("modelbond: error: ")
    assert said.count("\n") == 1


def test_where_there_is_no_kubeconfig_it_is_said_how_to_name_one(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "magika", "--kubeconfig", "/nowhere/config"]) == 2
    assert capfd.readouterr().err == (
        "modelbond: error: there is no kubeconfig /nowhere/config: "
        "name one with --kubeconfig or $KUBECONFIG\n"
    )


def test_the_kubeconfigs_proxy_comes_before_the_environments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example.org:3128")
    assert proxy_for(SERVER, configured=PROXY) == PROXY


def test_without_a_proxy_anywhere_there_is_none() -> None:
    assert proxy_for(SERVER, configured=None) is None


@pytest.mark.parametrize(
    ("server", "left_out", "proxy"),
    [
        (SERVER, "", PROXY),
        (SERVER, "example.net", PROXY),
        (SERVER, "example.org", None),
        (SERVER, "*", None),
        ("https://10.1.2.3:6443", "10.0.0.0/8", None),
        ("https://11.1.2.3:6443", "10.0.0.0/8", PROXY),
        ("https://127.0.0.1:6443", "", None),
        ("https://localhost:6443", "", None),
        ("http://api.example.org", "", None),
    ],
)
def test_the_environments_proxy_is_used_as_kubectl_uses_it(
    server: str, left_out: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", left_out)
    assert proxy_for(server, configured=None) == proxy


def test_a_proxy_of_another_kind_is_refused() -> None:
    with pytest.raises(Refused, match="only http"):
        proxy_for(SERVER, configured="socks5://proxy.example.org:1080")
