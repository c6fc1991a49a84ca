"""A real HTTP server on loopback that serves a model's files and misbehaves on demand."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Fault = Callable[["Handler", bytes], None]


@dataclass(slots=True, kw_only=True)
class FileServer:
    """Files by path. `faults[path]` holds what happens to the next requests, one fault each."""

    files: dict[str, bytes]
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]


class Handler(BaseHTTPRequestHandler):
    """Answers GET with ranges as a static file server does, after the path's next fault."""

    protocol_version = "HTTP/1.1"
    model: FileServer

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.model.requests.append((path, self.headers.get("Range")))
        content = self.model.files.get(path)
        faults = self.model.faults.get(path, [])
        if faults:
            faults.pop(0)(self, content or b"")
        elif content is None:
            self.answer(404)
        else:
            self.serve(content)

    def serve(self, content: bytes) -> None:
        begin = self._resumed_from(content)
        if begin is None:
            self.answer(200, content, {"ETag": etag(content)})
            return
        if begin >= len(content):
            self.answer(416)
            return
        place = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        self.answer(206, content[begin:], {"Content-Range": place})

    def answer(
        self, status: int, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        self.begin(status, length=len(content), headers=headers)
        self.wfile.write(content)

    def begin(self, status: int, *, length: int, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def _resumed_from(self, content: bytes) -> int | None:
        wanted = self.headers.get("Range")
        if wanted is None or self.headers.get("If-Range", etag(content)) != etag(content):
            return None
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: tests look at `requests`."""


class QuietServer(ThreadingHTTPServer):
    """Clients hang up here by intention: that is no news."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: tests look at what the client made of it."""


def etag(content: bytes) -> str:
    return f'"{hash(content)}"'


def status(code: int, headers: Mapping[str, str] | None = None) -> Fault:
    """Answer with this status, no content, and these headers."""
    return lambda handler, _: handler.answer(code, b"", headers)


def cut_after(count: int) -> Fault:
    """Announce the whole content, send so many bytes, and hang up."""

    def fault(handler: Handler, content: bytes) -> None:
        handler.begin(200, length=len(content), headers={"ETag": etag(content)})
        handler.wfile.write(content[:count])
        handler.hang_up()

    return fault


def instead(other: bytes) -> Fault:
    """Serve other bytes."""
    return lambda handler, _: handler.answer(200, other)


def silent(seconds: float) -> Fault:
    """Accept the request and answer nothing for so long."""

    def fault(handler: Handler, _: bytes) -> None:
        time.sleep(seconds)
        handler.hang_up()

    return fault


def dripping(handler: Handler, content: bytes) -> None:
    """Send one byte at a time, for as long as somebody listens."""
    handler.begin(200, length=len(content))
    drip(handler, content)


def dripping_head(handler: Handler, _: bytes) -> None:
    """Begin an answer whose headers never end."""
    drip(handler, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 60_000)


def dripping_trailer(handler: Handler, content: bytes) -> None:
    """Send the whole content, and then trailers without end."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"%x\r\n%s\r\n0\r\n" % (len(content), content))
    drip(handler, b"X: x\r\n" * 10_000)


def drip(handler: Handler, content: bytes) -> None:
    try:
        for byte in content:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.01)
    except OSError:
        handler.close_connection = True


@contextmanager
def serving(
    files: Mapping[str, bytes], *, tls: ssl.SSLContext | None = None
) -> Iterator[FileServer]:
    """Serve until the block ends; over TLS where a context is given."""
    model = FileServer(files=dict(files))
    handler = type("ModelHandler", (Handler,), {"model": model})
    with QuietServer(("127.0.0.1", 0), handler) as server:
        model.port = server.server_port
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield model
        finally:
            server.shutdown()
            thread.join()
