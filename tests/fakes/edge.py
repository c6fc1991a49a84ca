"""The real edge: Debian's nginx with the rendered configuration, before a Triton that is pretended.

Its folders and ports are its own, everything else is as in a pod.
"""

import http.client
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cluster import debian
from cluster.ports import free_port
from fakes.identity import self_signed
from modelbond.serving.edge import Access, access_files, nginx_conf

SCRIPT = Path(__file__).parents[2] / "operator" / "edge.sh"
TOKEN = "A-b_" * 10
PROBE_TOKEN = "p-R_" * 10
MODEL = "/v2/models/magika"
UNLEASED = Access(token=TOKEN)
LARGE = 32 * 2**20


class Triton(BaseHTTPRequestHandler):
    """Answers every request at once; an inference gets more bytes than any buffer holds."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(bytes(LARGE))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that goes before the end is part of the test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a client got."""

    status: int
    kind: str | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A running edge and how clients reach it."""

    port: int
    scratch: Path
    said: Path
    tls: Path

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        authorization: str | None = None,
        address: str = "127.0.0.1",
        body: bytes | None = None,
    ) -> Answer:
        """Send one request and read the answer."""
        client = http.client.HTTPSConnection(address, self.port, timeout=4, context=_trusting())
        headers = {"Authorization": authorization} if authorization else {}
        try:
            client.request(method, path, body=body, headers=headers)
            answer = client.getresponse()
            kind = answer.headers.get("Content-Type")
            return Answer(status=answer.status, kind=kind, body=answer.read())
        finally:
            client.close()

    def begun(self, sent: bytes) -> socket.socket:
        """Return a connection on which only these bytes were sent, below TLS."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        plain.sendall(sent)
        return plain

    def opened(self, sent: bytes) -> ssl.SSLSocket:
        """Return a connection on which only these bytes were sent, inside TLS."""
        secure = _trusting().wrap_socket(self.begun(b""))
        secure.sendall(sent)
        return secure

    def answers(self) -> bool:
        """Tell whether it serves at all."""
        try:
            return self.ask("/edge/health").status == 200
        except OSError:
            return False


@contextmanager
def running(folder: Path, *, triton: bool = True, access: Access = UNLEASED) -> Iterator[Edge]:
    """Run the edge's script in that folder; without `triton` nobody listens behind it."""
    scratch = folder / "tmp"
    for made in (scratch, folder / "tls", folder / "bin"):
        made.mkdir()
    (folder / "bin" / "nginx").symlink_to(debian.unpacked("nginx") / "usr/sbin/nginx")
    _issue(folder / "tls")
    admit(folder / "tls", access)
    edge = Edge(port=free_port(), scratch=scratch, said=folder / "said", tls=folder / "tls")
    with _triton() as upstream:
        behind = upstream if triton else free_port()
        _configure(folder, port=edge.port, upstream=behind)
        with _script(folder, edge=edge):
            _wait_for(edge)
            yield edge


def _wait_for(edge: Edge) -> None:
    deadline = time.monotonic() + 10
    while not edge.answers():
        if time.monotonic() > deadline:
            raise AssertionError(edge.said.read_text())
        time.sleep(0.05)


@contextmanager
def _script(folder: Path, *, edge: Edge) -> Iterator[None]:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    with edge.said.open("wb") as said:
        process = subprocess.Popen(
            ["sh", str(SCRIPT), str(folder)],
            env={"PATH": path, "TMPDIR": str(edge.scratch)},
            stderr=said,
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        # Connections that a test left open would be waited for.
        with suppress(OSError):
            os.kill(int((edge.scratch / "nginx.pid").read_text()), signal.SIGTERM)
        process.wait(timeout=10)


def _configure(folder: Path, *, port: int, upstream: int) -> None:
    rendered = nginx_conf("magika", host="alpha")
    for there, here in (
        ("/tmp", str(folder / "tmp")),  # noqa: S108 - the path in the pod
        ("/etc/edge", str(folder)),
        ("listen 8443", f"listen {port}"),
        ("127.0.0.1:8000", f"127.0.0.1:{upstream}"),
    ):
        assert there in rendered
        rendered = rendered.replace(there, here)
    # As root nginx would give its workers to a user who cannot read this folder.
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(user + rendered)


@contextmanager
def _triton() -> Iterator[int]:
    server = _Server(("127.0.0.1", 0), Triton)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _issue(tls: Path) -> None:
    made = self_signed("edge")
    (tls / "tls.key").write_text(made.key_pem)
    (tls / "tls.crt").write_text(made.ca_pem)


def admit(tls: Path, access: Access) -> None:
    """Write who may infer, as a mounted Secret shows it."""
    for name, text in access_files(access).items():
        (tls / name).write_text(text)


def _trusting() -> ssl.SSLContext:
    """Return a client's context that asks nobody who the edge is: that is not tested here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
