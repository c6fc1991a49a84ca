"""A cluster as a person's kubeconfig describes it, reached as kubectl would reach it."""

import base64
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modelbond.errors import Refused
from modelbond.ports.cluster import KubeApi

if TYPE_CHECKING:
    from kubernetes.aio.client.configuration import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsCluster:
    """An API server as a kubeconfig's context describes it; `ca_pem` is None where it has none."""

    api: KubeApi
    server: str
    ca_pem: str | None
    namespace: str = "default"


async def opened(*, kubeconfig: str | None, context: str | None) -> PersonsCluster:
    """Return the cluster of a context; Refused where the kubeconfig does not lead to one."""
    from kubernetes.aio.config import ConfigException

    _check_there_is_one(kubeconfig)
    try:
        return await _opened(kubeconfig=kubeconfig, context=context)
    except Refused:
        raise
    except (ConfigException, OSError) as failure:
        raise Refused(f"kubeconfig: {failure}") from failure
    except Exception as failure:
        # The client's loader takes a well-formed file for granted, and fails in ways of its own.
        raise Refused(f"kubeconfig: it cannot be read as one: {_line(failure)}") from failure


def _check_there_is_one(given: str | None) -> None:
    """Refuse before the client's loader does, which speaks of a key that is missing."""
    from kubernetes.aio.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION

    paths = [given] if given else KUBE_CONFIG_DEFAULT_LOCATION.split(os.pathsep)
    if not any(Path(path).expanduser().exists() for path in paths):
        named = " or ".join(paths)
        raise Refused(f"there is no kubeconfig {named}: name one with --kubeconfig or $KUBECONFIG")


async def _opened(*, kubeconfig: str | None, context: str | None) -> PersonsCluster:
    from kubernetes.aio.client.configuration import Configuration
    from kubernetes.aio.config import load_kube_config

    from modelbond.adapters.credentials import GivenToken
    from modelbond.adapters.kubernetes import KubernetesApi
    from modelbond.adapters.transport import Transport

    loaded = Configuration()
    loader = await load_kube_config(
        config_file=kubeconfig, context=context, client_configuration=loaded
    )
    server = loaded.host.rstrip("/")
    if urlsplit(server).scheme not in {"http", "https"}:
        raise Refused("kubeconfig: the cluster of its context has no server")
    bearer = loaded.api_key.get("BearerToken")
    token = bearer.removeprefix("Bearer ") if bearer else None
    loaded.proxy = proxy_for(server, configured=loaded.proxy)
    return PersonsCluster(
        api=KubernetesApi(Transport(loaded, credential=GivenToken(token))),
        server=server,
        ca_pem=_ca_of(loaded),
        namespace=str(loader.current_context["context"].get("namespace") or "default"),
    )


def proxy_for(server: str, *, configured: str | None) -> str | None:
    """Return the proxy that kubectl would use: the kubeconfig's, else the environment's."""
    proxy = configured or _proxy_of_the_environment(server)
    if proxy and urlsplit(proxy).scheme not in {"http", "https"}:
        raise Refused(f"proxy {proxy!r}: only http:// and https:// proxies are supported")
    return proxy


def _proxy_of_the_environment(server: str) -> str | None:
    from requests.utils import get_environ_proxies

    parts = urlsplit(server)
    if _is_this_machine(parts.hostname or ""):
        return None
    return get_environ_proxies(server).get(parts.scheme)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ca_of(configuration: "Configuration") -> str | None:
    data = configuration.ca_cert_data
    if data:
        text = data.decode() if isinstance(data, bytes) else str(data)
        return text if "BEGIN" in text else base64.b64decode(text).decode()
    path = configuration.ssl_ca_cert
    return Path(path).read_text() if path else None


def _line(failure: Exception) -> str:
    return " ".join(str(failure).split())
