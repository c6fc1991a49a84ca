"""Requests of `modelbond fetch` go to the checked address, under the name that was asked."""

import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from fakes.file_server import FileServer, serving
from fakes.identity import self_signed
from modelbond.adapters.fetch_http import CheckedHttp, Timeouts
from modelbond.fetching.failures import NotAllowed, SourceTrouble
from modelbond.fetching.source_policy import Address, SourcePolicy

NAME = "models.example.org"


class Names:
    """A name server whose answers change each time it is asked."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> list[Address]:
        assert host == NAME
        assert port
        self.asked += 1
        return [ip_address(self._answers.pop(0))]


def certificate_for(name: str, folder: Path) -> Path:
    """Write a self-signed certificate and its key into one file."""
    return self_signed(name, x509.DNSName(name)).both(folder / f"{name}.pem")


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = certificate_for(NAME, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.fixture
def server(trusted: Path) -> Iterator[FileServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted)
    with serving({"model.onnx": b"weights"}, tls=context) as running:
        yield running


def read(http: CheckedHttp, url: str) -> bytes:
    with http.get(url) as answer:
        return b"".join(answer.chunks())


def http_with(names: Names, *allow: str) -> CheckedHttp:
    return CheckedHttp(
        SourcePolicy.parse(allow),
        timeouts=Timeouts(connect_seconds=2, silence_seconds=2),
        resolve=names,
    )


def test_a_name_is_looked_up_once_and_the_connection_goes_to_that_answer(
    server: FileServer,
) -> None:
    names = Names("127.0.0.1", "127.0.0.2")
    http = http_with(names, "127.0.0.1/32")
    assert read(http, f"https://{NAME}:{server.port}/model.onnx") == b"weights"
    assert names.asked == 1


def test_a_name_that_moves_to_an_inner_address_is_refused(server: FileServer) -> None:
    names = Names("127.0.0.1", "127.0.0.2")
    http = http_with(names, "127.0.0.1/32")
    url = f"https://{NAME}:{server.port}/model.onnx"
    read(http, url)
    with pytest.raises(NotAllowed):
        read(http, url)


def test_a_prefix_does_not_lead_to_loopback_even_when_its_name_does(server: FileServer) -> None:
    http = http_with(Names("127.0.0.1"), f"https://{NAME}:{server.port}/")
    with pytest.raises(NotAllowed):
        read(http, f"https://{NAME}:{server.port}/model.onnx")
    assert server.requests == []


def test_a_certificate_of_another_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other = certificate_for("other.example.org", tmp_path)
    context.load_cert_chain(other)
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    with serving({"model.onnx": b"weights"}, tls=context) as impostor:
        http = http_with(Names("127.0.0.1"), "127.0.0.0/8")
        with pytest.raises(SourceTrouble, match="TLS"):
            read(http, f"https://{NAME}:{impostor.port}/model.onnx")


def test_no_proxy_of_the_environment_is_used(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    http = http_with(Names("127.0.0.1"), "127.0.0.0/8")
    assert read(http, f"https://{NAME}:{server.port}/model.onnx") == b"weights"


def test_a_dead_address_gives_way_to_the_names_next_one(server: FileServer) -> None:
    def two(_: str, __: int) -> list[Address]:
        return [ip_address("127.0.0.3"), ip_address("127.0.0.1")]

    http = CheckedHttp(SourcePolicy.parse(["127.0.0.0/8"]), resolve=two)
    assert read(http, f"https://{NAME}:{server.port}/model.onnx") == b"weights"
