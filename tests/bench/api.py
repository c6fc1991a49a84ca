"""An API server as its administrator speaks to it: one connection each, plain HTTP, no client."""

from __future__ import annotations

import base64
import http.client
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from cluster.cluster import Cluster

Json = dict[str, Any]

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
_PORT = 6443
_PLURALS = "/apis/modelbond.io/v1alpha1"


class Refused(Exception):
    """The API server did not take a request; the message holds its answer."""


@dataclass(frozen=True, slots=True)
class Resource:
    """The paths of one kind."""

    group: str
    plural: str

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """Return the path of one object, of a namespace, or of all there are."""
        inside = f"/namespaces/{namespace}" if namespace else ""
        return f"{self.group}{inside}/{self.plural}" + (f"/{name}" if name else "")


DEPLOYMENTS = Resource(_PLURALS, "modeldeployments")
PLACEMENTS = Resource(_PLURALS, "modelplacements")
WORKLOADS = Resource("/apis/apps/v1", "deployments")
PODS = Resource("/api/v1", "pods")
NODES = Resource("/api/v1", "nodes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Where an API server is, and how its administrator is known."""

    address: str
    tls: ssl.SSLContext

    def connect(self, *, timeout_seconds: float | None) -> http.client.HTTPSConnection:
        """Return a connection that is not open yet."""
        return http.client.HTTPSConnection(
            self.address, _PORT, context=self.tls, timeout=timeout_seconds
        )

    def list(self, resource: Resource, namespace: str | None = None) -> Json:
        """Return the whole list."""
        with self.session() as ask:
            return ask("GET", resource.path(namespace))

    def watch(self, resource: Resource, *, since: str) -> Iterator[bytes]:
        """Yield the line of each event after that version, until the server ends the stream."""
        query = urlencode({"watch": "1", "resourceVersion": since, "timeoutSeconds": "3600"})
        connection = self.connect(timeout_seconds=None)
        try:
            connection.request("GET", f"{resource.path()}?{query}")
            yield from connection.getresponse()
        finally:
            connection.close()

    @contextmanager
    def session(self) -> Iterator[Ask]:
        """Keep one connection open for requests that follow one another."""
        connection = self.connect(timeout_seconds=30)
        try:
            yield Ask(connection)
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Ask:
    """Requests over one connection."""

    connection: http.client.HTTPSConnection

    def __call__(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> Json:
        """Return the answer's JSON. Raises Refused for any status of 400 or more."""
        payload = None if body is None else msgspec.json.encode(body)
        self.connection.request(method, path, payload, {"Content-Type": content_type})
        response = self.connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise Refused(f"{method} {path}: {response.status} {answer.decode()[:500]}")
        return msgspec.json.decode(answer, type=dict[str, Any])


def api_of(cluster: Cluster) -> Api:
    """Return the API of a cluster for the administrator in its kubeconfig."""
    config = cluster.kubectl_json("config", "view", "--raw")
    user = config["users"][0]["user"]
    authority = config["clusters"][0]["cluster"]["certificate-authority-data"]
    tls = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
    with tempfile.NamedTemporaryFile() as file:
        for part in ("client-certificate-data", "client-key-data"):
            file.write(base64.b64decode(user[part]))
        file.flush()
        tls.load_cert_chain(file.name)
    return Api(address=cluster.address, tls=tls)
