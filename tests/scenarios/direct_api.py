"""One kept connection to an API server: sixty requests in the time of one kubectl."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
import yaml

from modelbond.api.kinds import CONFIG_MAP, OUR_KINDS, Kind

Json = dict[str, Any]
DRY_RUN = {"dryRun": "All", "fieldValidation": "Strict"}
BY_NAME = {kind.kind: kind for kind in (*OUR_KINDS, CONFIG_MAP)}
MERGE = {"Content-Type": "application/merge-patch+json"}
TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the API server refused an object, in its own words."""

    text: str


@dataclass(frozen=True, slots=True)
class DirectApi:
    """Requests with the rights of a kubeconfig, without a process for each."""

    server: str
    session: requests.Session

    def try_create(self, body: Json) -> Json | Refusal:
        """Ask what creating the object would do, and do nothing."""
        return self._ask("POST", _kind(body).path(namespace=_namespace(body)), body, dry=True)

    def try_patch(self, body: Json, patch: Json, *, part: str = "") -> Json | Refusal:
        """Ask what a merge patch of an existing object, or of its `part`, would do."""
        return self._ask("PATCH", f"{_path(body)}{part}", patch, dry=True)

    def patch_status(self, body: Json, status: Json) -> None:
        """Write the status of an existing object."""
        answer = self._ask("PATCH", f"{_path(body)}/status", {"status": status}, dry=False)
        assert not isinstance(answer, Refusal), answer.text

    @contextmanager
    def existing(self, body: Json) -> Iterator[Json]:
        """Create the object for a while."""
        collection = _kind(body).path(namespace=_namespace(body))
        made = self._ask("POST", collection, body, dry=False)
        assert not isinstance(made, Refusal), made.text
        try:
            yield made
        finally:
            self._ask("PATCH", _path(body), {"metadata": {"finalizers": None}}, dry=False)
            self._ask("DELETE", _path(body), {}, dry=False)

    def _ask(self, method: str, path: str, body: Json, *, dry: bool) -> Json | Refusal:
        answer = self.session.request(
            method,
            f"{self.server}{path}",
            json=body,
            params=DRY_RUN if dry else {},
            headers=MERGE if method == "PATCH" else {},
            timeout=TIMEOUT_SECONDS,
        )
        content: Json = answer.json()
        return content if answer.ok else Refusal(str(content["message"]))


def _kind(body: Json) -> Kind:
    return BY_NAME[body["kind"]]


def _namespace(body: Json) -> str | None:
    return body["metadata"].get("namespace") if _kind(body).namespaced else None


def _path(body: Json) -> str:
    return _kind(body).path(namespace=_namespace(body), name=body["metadata"]["name"])


@contextmanager
def connected(kubeconfig: Path) -> Iterator[DirectApi]:
    """Open the connection that a kubeconfig with a client certificate describes."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    with TemporaryDirectory() as folder, requests.Session() as session:
        session.trust_env = False
        session.verify = _file(folder, "ca.crt", cluster["certificate-authority-data"])
        session.cert = (
            _file(folder, "client.crt", user["client-certificate-data"]),
            _file(folder, "client.key", user["client-key-data"]),
        )
        yield DirectApi(cluster["server"], session)


def _file(folder: str, name: str, content: str) -> str:
    path = Path(folder) / name
    path.write_bytes(base64.b64decode(content))
    return str(path)
