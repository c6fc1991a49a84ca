"""What a host's or a watcher's token may do at a home: each right works, all else is refused."""

from collections.abc import Iterator

import pytest
import requests
import yaml

from federation import joining, looking
from federation.bearer import bearer
from federation.install import SYSTEM
from federation.world import World

MINE, OTHERS = "modelbond-host-alpha", "modelbond-host-beta"
ORDERS = "/apis/modelbond.io/v1alpha1/namespaces/{}/modelplacements"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
ALLOWED = (
    ("GET", ORDERS.format(MINE)),
    ("GET", f"{ORDERS.format(MINE)}?watch=1&timeoutSeconds=1"),
    ("PATCH", f"{ORDERS.format(MINE)}/absent/status"),
    ("GET", f"/api/v1/namespaces/{MINE}/secrets"),
    ("GET", f"{LEASES.format(MINE)}/host"),
    ("PATCH", f"{LEASES.format(MINE)}/host"),
    ("GET", f"/api/v1/namespaces/{MINE}/configmaps/host-report"),
    ("PATCH", f"/api/v1/namespaces/{MINE}/configmaps/host-report"),
    ("POST", f"/api/v1/namespaces/{MINE}/serviceaccounts/host/token"),
    ("GET", "/api/v1/namespaces/kube-system"),
)
REFUSED = (
    *((method, path.replace(MINE, OTHERS)) for method, path in ALLOWED if MINE in path),
    ("POST", ORDERS.format(MINE)),
    ("PATCH", f"{ORDERS.format(MINE)}/absent"),
    ("PUT", f"{ORDERS.format(MINE)}/absent"),
    ("DELETE", f"{ORDERS.format(MINE)}/absent"),
    ("DELETE", ORDERS.format(MINE)),
    ("GET", "/apis/modelbond.io/v1alpha1/modelplacements"),
    ("GET", "/apis/modelbond.io/v1alpha1/modeldeployments"),
    ("GET", "/apis/modelbond.io/v1alpha1/hostclusters"),
    ("GET", "/apis/modelbond.io/v1alpha1/hostclusters/alpha"),
    ("PATCH", "/apis/modelbond.io/v1alpha1/hostclusters/alpha"),
    ("POST", f"/api/v1/namespaces/{MINE}/secrets"),
    ("PATCH", f"/api/v1/namespaces/{MINE}/secrets/absent"),
    ("DELETE", f"/api/v1/namespaces/{MINE}/secrets/absent"),
    ("GET", "/api/v1/secrets"),
    ("GET", "/api/v1/namespaces/modelbond-system/secrets"),
    ("GET", "/api/v1/namespaces/models/secrets"),
    ("GET", LEASES.format(MINE)),
    ("GET", f"{LEASES.format(MINE)}/other"),
    ("PATCH", f"{LEASES.format(MINE)}/other"),
    ("DELETE", f"{LEASES.format(MINE)}/host"),
    ("POST", LEASES.format(MINE)),
    ("GET", f"/api/v1/namespaces/{MINE}/configmaps"),
    ("GET", f"/api/v1/namespaces/{MINE}/configmaps/kube-root-ca.crt"),
    ("POST", f"/api/v1/namespaces/{MINE}/configmaps"),
    ("DELETE", f"/api/v1/namespaces/{MINE}/configmaps/host-report"),
    ("POST", f"/api/v1/namespaces/{MINE}/serviceaccounts/default/token"),
    ("POST", "/api/v1/namespaces/modelbond-system/serviceaccounts/modelbond/token"),
    ("GET", "/api/v1/namespaces"),
    ("GET", "/api/v1/namespaces/default"),
    ("PATCH", "/api/v1/namespaces/kube-system"),
    ("GET", "/api/v1/nodes"),
    ("GET", f"/api/v1/namespaces/{MINE}/pods"),
    ("POST", f"/api/v1/namespaces/{MINE}/pods"),
    ("GET", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{MINE}/roles"),
    ("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{MINE}/rolebindings"),
    ("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"),
)

WATCHED = "/api/v1/namespaces/modelbond-watch/secrets"
WATCHER_ALLOWED = (("GET", WATCHED), ("GET", f"{WATCHED}?watch=1&timeoutSeconds=1"))
WATCHER_REFUSED = (
    ("POST", WATCHED),
    ("PATCH", f"{WATCHED}/absent"),
    ("DELETE", f"{WATCHED}/absent"),
    ("POST", "/api/v1/namespaces/modelbond-watch/serviceaccounts/watcher-eyes/token"),
    ("GET", "/api/v1/namespaces/modelbond-watch/configmaps"),
    *((method, path) for method, path in ALLOWED if MINE in path),
    *((method, path) for method, path in REFUSED if MINE not in path),
    ("GET", "/api/v1/namespaces/kube-system"),
)


@pytest.fixture(scope="module")
def session(world: World) -> Iterator[requests.Session]:
    """HTTP with the very token that the host's link uses."""
    alpha = world.host("alpha")
    name = looking.home_cluster(alpha, world.home)["metadata"]["name"]
    link = looking.secret(alpha, SYSTEM, f"link-{name}")
    with bearer(world.home, link["token"]) as made:
        yield made


@pytest.fixture(scope="module")
def watching(world: World) -> Iterator[requests.Session]:
    """HTTP with the token of an invitation for a watcher, which goes again afterwards."""
    invited = yaml.safe_load(joining.modelbond(world.home, "invite", "--watcher", "eyes"))
    with bearer(world.home, invited["stringData"]["token"]) as made:
        yield made
        world.home.kubectl("delete", "serviceaccount", "watcher-eyes", "-n", "modelbond-watch")


def status(world: World, session: requests.Session, method: str, path: str) -> int:
    """Send the request with a harmless body and return the status code."""
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    body = "{}" if method in {"PATCH", "POST", "PUT"} else None
    return session.request(
        method, world.home.server + path, data=body, headers={"Content-Type": kind}, timeout=10
    ).status_code


@pytest.mark.parametrize(("method", "path"), ALLOWED)
def test_the_hosts_token_may(
    world: World, session: requests.Session, method: str, path: str
) -> None:
    assert status(world, session, method, path) not in {401, 403}


@pytest.mark.parametrize(("method", "path"), REFUSED)
def test_the_hosts_token_may_not(
    world: World, session: requests.Session, method: str, path: str
) -> None:
    assert status(world, session, method, path) == 403


@pytest.mark.parametrize(("method", "path"), WATCHER_ALLOWED)
def test_the_watchers_token_may(
    world: World, watching: requests.Session, method: str, path: str
) -> None:
    assert status(world, watching, method, path) == 200


@pytest.mark.parametrize(("method", "path"), WATCHER_REFUSED)
def test_the_watchers_token_may_not(
    world: World, watching: requests.Session, method: str, path: str
) -> None:
    assert status(world, watching, method, path) == 403
