"""How an API server is reached: from the pod's own files, a kubeconfig, or a stranger's facts."""

import os
from dataclasses import dataclass
from pathlib import Path

from kubernetes.aio.client.configuration import Configuration

from modelbond.adapters.addresses import GuardedResolver, checked_server
from modelbond.adapters.credentials import Credential, GivenToken, TokenFile
from modelbond.adapters.kubernetes import KubernetesApi
from modelbond.adapters.transport import Transport
from modelbond.errors import Refused
from modelbond.ports.cluster import KubeApi
from modelbond.ports.process import Clock

# One home must not fill the memory in which the links to all others are kept.
_STRANGERS_BYTES = 8 * 2**20
_ACCOUNT_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The operator's own API server, in the words that both kopf and our client understand."""

    server: str
    ca_file: str | None
    credential: Credential
    certificate_file: str | None = None
    key_file: str | None = None

    def open(self) -> KubernetesApi:
        """Return a client; it connects when it is first used."""
        configuration = Configuration(
            host=self.server,
            ssl_ca_cert=self.ca_file,
            cert_file=self.certificate_file,
            key_file=self.key_file,
        )
        return KubernetesApi(Transport(configuration, credential=self.credential))


async def own_connection(*, kubeconfig: str | None, clock: Clock) -> Connection:
    """Return the way to the own cluster: in a pod its mounted files, else the kubeconfig."""
    if kubeconfig:
        return await _from_kubeconfig(kubeconfig)
    return _from_pod_files(_ACCOUNT_FOLDER, clock=clock)


def _from_pod_files(folder: Path, *, clock: Clock) -> Connection:
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    token = folder / "token"
    if not host or not token.is_file():
        raise Refused("no cluster: this is no pod with a ServiceAccount; outside, set KUBECONFIG")
    bracketed = f"[{host}]" if ":" in host else host
    return Connection(
        server=f"https://{bracketed}:{port}",
        ca_file=str(folder / "ca.crt"),
        credential=TokenFile(token, clock=clock),
    )


async def _from_kubeconfig(path: str) -> Connection:
    from kubernetes.aio.config import load_kube_config

    loaded = Configuration()
    await load_kube_config(config_file=path, client_configuration=loaded)
    bearer = loaded.api_key.get("BearerToken")
    return Connection(
        server=loaded.host,
        ca_file=loaded.ssl_ca_cert,
        credential=GivenToken(bearer.removeprefix("Bearer ") if bearer else None),
        certificate_file=loaded.cert_file,
        key_file=loaded.key_file,
    )


def connect(*, server: str, ca_pem: str, token: str) -> KubeApi:
    """Open another owner's API server from exactly these facts; Refused names what is wrong.

    Implements ports.Connect. No kubeconfig, proxy, redirect or file of a stranger is followed, and
    no address of this machine or of a cloud's metadata is connected to, whatever a name says.
    """
    checked_server(server)
    if not token.isascii() or not token.isprintable() or not token.strip():
        raise Refused("token: must be one line of printable characters")
    if "-----BEGIN CERTIFICATE-----" not in ca_pem:
        raise Refused("ca: holds no PEM certificate")
    try:
        transport = Transport(
            Configuration(host=server.rstrip("/"), ca_cert_data=ca_pem),
            credential=GivenToken(token.strip()),
            resolver=GuardedResolver(),
            longest_answer_bytes=_STRANGERS_BYTES,
        )
    except (OSError, ValueError) as failure:
        raise Refused(f"ca: cannot be read: {failure}") from failure
    return KubernetesApi(transport, most_bytes=_STRANGERS_BYTES)
