"""Bad connections: a toxiproxy on the machine's side of the bridge, before a cluster's port."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from cluster import binaries, steps
from cluster.cluster import Cluster
from cluster.deadlines import eventually
from cluster.ports import free_port

API_SERVER_PORT = 6443
_STARTED_WITHIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A way to one port of a cluster that can be made slow, silent or broken, and healed."""

    control: str
    address: str
    port: int

    @property
    def url(self) -> str:
        """The HTTPS URL that goes this way; API servers' certificates name its address."""
        return f"https://{self.address}:{self.port}"

    def slow(self, *, milliseconds: int) -> None:
        """Hold back every answer for so long."""
        self._add("latency", latency=milliseconds)

    def trickle(self, *, kilobytes_per_second: int) -> None:
        """Let answers through at this rate only."""
        self._add("bandwidth", rate=kilobytes_per_second)

    def silence(self) -> None:
        """Accept connections and let nothing through, without ever closing them."""
        self._add("timeout", timeout=0)

    def reset(self) -> None:
        """Break every connection by a TCP reset, old ones and new ones."""
        self._add("reset_peer", timeout=0)

    def lead_to(self, cluster: Cluster, *, port: int = API_SERVER_PORT) -> None:
        """Break all connections; new ones end at another cluster, as if it had that address."""
        body = {"upstream": f"{cluster.address}:{port}"}
        _call(self.control, method="POST", body=body)

    def heal(self) -> None:
        """Take every fault away."""
        for toxic in _call(f"{self.control}/toxics", method="GET"):
            _call(f"{self.control}/toxics/{toxic['name']}", method="DELETE")

    def _add(self, kind: str, **attributes: int) -> None:
        body = {"name": kind, "type": kind, "stream": "downstream", "attributes": attributes}
        _call(f"{self.control}/toxics", method="POST", body=body)


@contextmanager
def slow_connection(cluster: Cluster, *, port: int = API_SERVER_PORT) -> Iterator[Connection]:
    """Yield a way to the cluster's port that both the machine and every other cluster can use.

    It is a good connection until one of its verbs is called.
    """
    gateway = cluster.engine.gateway()
    with _server() as control:
        created = _call(
            f"{control}/proxies",
            method="POST",
            body={
                "name": cluster.name,
                "listen": f"{gateway}:0",
                "upstream": f"{cluster.address}:{port}",
                "enabled": True,
            },
        )
        listening = int(created["listen"].rsplit(":", 1)[1])
        yield Connection(
            control=f"{control}/proxies/{cluster.name}", address=gateway, port=listening
        )


@contextmanager
def _server() -> Iterator[str]:
    """Run a toxiproxy of its own that ends with this process; yields its control URL."""
    port = free_port()
    log = steps.cache_root() / "logs" / f"toxiproxy-{port}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL", str(binaries.toxiproxy())),
                *("-host", "127.0.0.1", "-port", str(port)),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    control = f"http://127.0.0.1:{port}"
    try:
        eventually(
            lambda: _is_up(control),
            within_seconds=_STARTED_WITHIN_SECONDS,
            what=f"toxiproxy answers; see {log}",
        )
        yield control
    finally:
        process.kill()
        process.wait()
        log.unlink()


def _is_up(control: str) -> bool:
    try:
        _call(f"{control}/proxies", method="GET")
    except ConnectionError:
        return False
    return True


def _call(url: str, *, method: str, body: Any = None) -> Any:
    """Ask the control API. Raises ConnectionError, which a refusal is too."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=10)
    try:
        connection.request(method, address.path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise ConnectionError(f"toxiproxy answered {answer.status} to {method} {url}: {text!r}")
    return json.loads(text) if text else None
