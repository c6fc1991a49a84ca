"""HTTP to an API server with a bearer token and nothing else: what may the holder do?"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import NamedTemporaryFile

import requests
import yaml

from cluster.cluster import Cluster


@contextmanager
def bearer(cluster: Cluster, token: str) -> Iterator[requests.Session]:
    """Yield a session that trusts the cluster's CA and sends the token."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    authority = config["clusters"][0]["cluster"]["certificate-authority-data"]
    with NamedTemporaryFile() as file, requests.Session() as session:
        file.write(base64.b64decode(authority))
        file.flush()
        session.trust_env = False
        session.verify = file.name
        session.headers["Authorization"] = f"Bearer {token}"
        yield session
