"""A real HTTPS server on loopback that answers inferences as it is told to."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509

from fakes.file_server import QuietServer
from fakes.identity import self_signed
from modelbond.sla.inference import LENGTH_HEADER, answers, question
from modelbond.sla.tensor import Tensor

TOKEN = "A-b_" * 10
MODEL = "double"


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as it goes over the wire."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Answering = Callable[[Mapping[str, Tensor]], Mapping[str, Tensor] | Raw]


@dataclass(slots=True, kw_only=True)
class ModelServer:
    """What is answered, and which tokens were seen."""

    answering: Answering
    url: str = ""
    tokens: list[str | None] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """Answers POST to the model's inference path, for the token alone."""

    protocol_version = "HTTP/1.1"
    model: ModelServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.model.tokens.append(self.headers.get("Authorization"))
        answer = self._answer(body)
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def _answer(self, body: bytes) -> Raw:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Raw(401, b"")
        if self.path != f"/v2/models/{MODEL}/infer":
            return Raw(404, b"no such model")
        inputs = _inputs(body, json_bytes=int(self.headers[LENGTH_HEADER]))
        outputs = self.model.answering(inputs)
        return outputs if isinstance(outputs, Raw) else _binary(outputs)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def answering(folder: Path, outputs: Answering) -> Iterator[ModelServer]:
    """Serve until the block ends; `folder` then holds `ca.crt`, and its `token` for clients."""
    model = ModelServer(answering=outputs)
    handler = type("ModelHandler", (Handler,), {"model": model})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_issued(folder))
    (folder / "token").write_text(f"{TOKEN}\n")
    with QuietServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        model.url = f"https://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield model
        finally:
            server.shutdown()
            thread.join()


def _inputs(body: bytes, *, json_bytes: int) -> dict[str, Tensor]:
    said = json.loads(body[:json_bytes])
    as_answer = json.dumps({"outputs": said["inputs"]}).encode()
    return answers(as_answer + body[json_bytes:], json_bytes=len(as_answer))


def _binary(outputs: Mapping[str, Tensor]) -> Raw:
    as_inputs = question(outputs.values())
    head = json.loads(as_inputs.body[: as_inputs.json_bytes])
    answer = json.dumps({"model_name": MODEL, "outputs": head["inputs"]}).encode()
    data = as_inputs.body[as_inputs.json_bytes :]
    return Raw(200, answer + data, {LENGTH_HEADER: str(len(answer))})


def _issued(folder: Path) -> tuple[Path, Path]:
    """Write a certificate that is its own CA, and its key."""
    made = self_signed("127.0.0.1", x509.IPAddress(ip_address("127.0.0.1")))
    (folder / "ca.crt").write_text(made.ca_pem)
    (folder / "tls.key").write_text(made.key_pem)
    return folder / "ca.crt", folder / "tls.key"
