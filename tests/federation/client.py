"""A customer's pod at the home: everything it knows is the Secret NAME-client and the Service."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.cluster import Cluster
from federation.install import CUSTOMER

Json = dict[str, Any]
INFER = Path(__file__).with_name("infer.py")
IMAGE = "localhost/modelbond/client:dev"
POD = "client"
FOLDER = "/tmp"  # noqa: S108 - the pod's own


@dataclass(frozen=True, slots=True)
class Answer:
    """What an HTTP request from the pod got: status 0 is no answer at all."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Client:
    """Requests from inside the home cluster."""

    home: Cluster

    def start(self) -> None:
        """Run the pod and wait for it."""
        self.home.apply(json.dumps(_pod()))
        wait = ("wait", "--for=condition=Ready", f"pod/{POD}", "--timeout=90s")
        self.home.kubectl(*wait, "-n", CUSTOMER)

    def run(self, *command: str, stdin: str | None = None) -> str:
        """Run a command in the pod and return what it printed."""
        return self.home.kubectl("exec", "-i", POD, "-n", CUSTOMER, "--", *command, stdin=stdin)

    def credentials(self, name: str) -> None:
        """Put the CA and token of a deployment into the pod, as a mounted Secret would."""
        secret = self.home.kubectl_json("get", "secret", f"{name}-client", "-n", CUSTOMER)
        self.run("python3", "-c", _UNPACK, name, stdin=json.dumps(secret["data"]))

    def get(self, name: str, path: str, *, token: str | None = None, method: str = "GET") -> Answer:
        """Ask the Service of a deployment by curl; `token` None sends no Authorization."""
        bearer = ["-H", f"Authorization: Bearer {token}"] if token else []
        printed = self.run(
            "curl", "--silent", "--max-time", "10", "--request", method, "--path-as-is",
            "--cacert", f"{FOLDER}/{name}/ca.crt", *bearer,
            "--write-out", '\n{"status": %{http_code}, "headers": %{header_json}}',
            f"https://{name}.{CUSTOMER}.svc{path}",
        )  # fmt: skip
        body, _, facts = printed.partition('\n{"status"')
        seen: dict[str, Any] = json.loads('{"status"' + facts)
        headers = {key.lower(): value[0] for key, value in seen["headers"].items()}
        return Answer(seen["status"], headers, body)

    def infer(self, requests: Sequence[Json]) -> list[Json]:
        """Send inferences; each answer says which owner's cluster gave it (see infer.py)."""
        answers: list[Json] = json.loads(
            self.run("python3", "-c", INFER.read_text(), stdin=json.dumps(list(requests)))
        )
        return answers

    def token(self, name: str) -> str:
        """Return the token that `credentials` put into the pod."""
        return self.run("cat", f"{FOLDER}/{name}/token").strip()


_UNPACK = """
import base64, json, pathlib, sys
folder = pathlib.Path("/tmp") / sys.argv[1]
folder.mkdir(exist_ok=True)
for key, value in json.load(sys.stdin).items():
    (folder / key).write_bytes(base64.b64decode(value))
"""


def _pod() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD, "namespace": CUSTOMER},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "client",
                    "image": IMAGE,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["sleep", "infinity"],
                }
            ],
        },
    }
