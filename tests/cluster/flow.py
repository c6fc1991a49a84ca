"""An API server that answers 429: one user's requests get a priority level with a single seat."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from cluster.cluster import Cluster
from cluster.deadlines import eventually

_LEVEL = "modelbond-one-at-a-time"
_ANY_POST = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_REFUSED_WITHIN_SECONDS = 20.0
_TOO_MANY_REQUESTS = 429


@contextmanager
def one_at_a_time(cluster: Cluster, *, user: str) -> Iterator[None]:
    """Let the API server work on one request of that user at once and refuse the rest with 429.

    `user` is a user name, such as `system:serviceaccount:NAMESPACE:NAME`.
    """
    cluster.apply(json.dumps(_priority_level()))
    cluster.apply(json.dumps(_flow_schema(user)))
    try:
        yield
    finally:
        unlimit(cluster)


@contextmanager
def turned_away(cluster: Cluster, *, user: str) -> Iterator[None]:
    """Answer every request of that user with 429; watches that are open go on.

    For a minute at most: then the API server gives up on the request that holds the one seat.
    """
    tls = _administrator(cluster)
    with one_at_a_time(cluster, user=user), ExitStack() as held:

        def turns_away() -> bool:
            # Anew at each look: a request from before the limit was known holds no seat of it.
            held.enter_context(closing(_unfinished_request(cluster, tls=tls, user=user)))
            return _status(cluster, tls=tls, user=user) == _TOO_MANY_REQUESTS

        eventually(
            turns_away,
            within_seconds=_REFUSED_WITHIN_SECONDS,
            what=f"{cluster.name} turns {user} away",
        )
        yield


def unlimit(cluster: Cluster) -> None:
    """Take the limit away, if there is one."""
    for kind in ("flowschema", "prioritylevelconfiguration"):
        cluster.kubectl("delete", kind, _LEVEL, "--ignore-not-found", "--wait=true")


def _unfinished_request(
    cluster: Cluster, *, tls: ssl.SSLContext, user: str
) -> http.client.HTTPSConnection:
    """Take the seat with a request whose body never comes."""
    connection = _connect(cluster, tls)
    connection.putrequest("POST", _ANY_POST)
    connection.putheader("Impersonate-User", user)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "1000")
    connection.endheaders()
    return connection


def _status(cluster: Cluster, *, tls: ssl.SSLContext, user: str) -> int:
    connection = _connect(cluster, tls)
    try:
        connection.request("GET", "/version", headers={"Impersonate-User": user})
        return connection.getresponse().status
    finally:
        connection.close()


def _connect(cluster: Cluster, tls: ssl.SSLContext) -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection(cluster.address, 6443, context=tls, timeout=10)


def _administrator(cluster: Cluster) -> ssl.SSLContext:
    """Return TLS settings with the certificate of the cluster's administrator."""
    config = cluster.kubectl_json("config", "view", "--raw")
    authority = config["clusters"][0]["cluster"]["certificate-authority-data"]
    user = config["users"][0]["user"]
    tls = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
    with tempfile.NamedTemporaryFile() as file:
        for part in ("client-certificate-data", "client-key-data"):
            file.write(base64.b64decode(user[part]))
        file.flush()
        tls.load_cert_chain(file.name)
    return tls


def _priority_level() -> dict[str, object]:
    return {
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
        "kind": "PriorityLevelConfiguration",
        "metadata": {"name": _LEVEL},
        "spec": {
            "type": "Limited",
            "limited": {
                # One share of kind_config's few requests in flight is one seat.
                "nominalConcurrencyShares": 1,
                "lendablePercent": 0,
                "borrowingLimitPercent": 0,
                "limitResponse": {"type": "Reject"},
            },
        },
    }


def _flow_schema(user: str) -> dict[str, object]:
    everything = {
        "resourceRules": [
            {
                "verbs": ["*"],
                "apiGroups": ["*"],
                "resources": ["*"],
                "clusterScope": True,
                "namespaces": ["*"],
            }
        ],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    }
    return {
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
        "kind": "FlowSchema",
        "metadata": {"name": _LEVEL},
        "spec": {
            "priorityLevelConfiguration": {"name": _LEVEL},
            # 1 is kept for the level that nothing limits.
            "matchingPrecedence": 2,
            "rules": [{"subjects": [{"kind": "User", "user": {"name": user}}], **everything}],
        },
    }
