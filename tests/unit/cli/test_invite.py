"""What `modelbond invite` makes at a home, and what it never touches."""

import pytest
import yaml

from fakes.people import HOME, SERVER, arguments, ca_pem, cluster, invited
from modelbond.api.kinds import (
    CONFIG_MAP,
    HOST_CLUSTER,
    LEASE,
    NAMESPACE,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
)
from modelbond.cli.home_objects import CLUSTER_ROLE_BINDING, link_rules
from modelbond.cli.invitation import parse
from modelbond.cli.main import main
from modelbond.errors import NameTaken, Refused

NAMESPACE_OF_ALPHA = "modelbond-host-alpha"


def test_a_host_gets_a_namespace_an_account_a_lease_and_a_place_for_its_report() -> None:
    kube, home = cluster()
    invited(home, "alpha")
    assert (
        kube.at(NAMESPACE, NAMESPACE_OF_ALPHA)["metadata"]["labels"]["modelbond.io/host"] == "alpha"
    )
    assert kube.at(SERVICE_ACCOUNT, "host", namespace=NAMESPACE_OF_ALPHA)
    assert kube.at(LEASE, "host", namespace=NAMESPACE_OF_ALPHA)
    assert kube.at(CONFIG_MAP, "host-report", namespace=NAMESPACE_OF_ALPHA)


def test_the_rights_of_a_link_are_exactly_the_short_list() -> None:
    read = ["get", "list", "watch"]
    assert link_rules() == [
        {"apiGroups": ["modelbond.io"], "resources": ["modelplacements"], "verbs": read},
        {
            "apiGroups": ["modelbond.io"],
            "resources": ["modelplacements/status"],
            "verbs": ["patch"],
        },
        {"apiGroups": [""], "resources": ["secrets"], "verbs": read},
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "verbs": ["get", "patch"],
            "resourceNames": ["host"],
        },
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "verbs": ["get", "patch"],
            "resourceNames": ["host-report"],
        },
        {
            "apiGroups": [""],
            "resources": ["serviceaccounts/token"],
            "verbs": ["create"],
            "resourceNames": ["host"],
        },
    ]


def test_rights_are_bound_to_the_hosts_account_and_the_homes_operator_and_to_nobody_else() -> None:
    kube, home = cluster()
    invited(home, "alpha")
    assert kube.at(ROLE, "host", namespace=NAMESPACE_OF_ALPHA)["rules"] == link_rules()
    account = {"kind": "ServiceAccount", "name": "host", "namespace": NAMESPACE_OF_ALPHA}
    operator = {
        "kind": "ServiceAccount",
        "name": "modelbond-operator",
        "namespace": "modelbond-system",
    }
    bound = {
        name: (binding["roleRef"]["kind"], binding["roleRef"]["name"], binding["subjects"])
        for kind in (ROLE_BINDING, CLUSTER_ROLE_BINDING)
        for name, binding in kube.objects(kind).items()
    }
    assert bound == {
        f"{NAMESPACE_OF_ALPHA}/host": ("Role", "host", [account]),
        f"{NAMESPACE_OF_ALPHA}/home-operator": (
            "ClusterRole",
            "modelbond-home-in-host-namespace",
            [operator],
        ),
        NAMESPACE_OF_ALPHA: ("ClusterRole", "modelbond-home-identity", [account]),
    }


def test_a_new_host_is_accepted_with_the_addresses_and_labels_that_were_named() -> None:
    kube, home = cluster()
    invited(home, "alpha", "--endpoint-cidr", "203.0.113.0/24", "--label", "tier=gold")
    host = kube.at(HOST_CLUSTER, "alpha")
    assert host["spec"] == {"accepted": True, "endpointCIDRs": ["203.0.113.0/24"]}
    assert host["metadata"]["labels"] == {"tier": "gold"}


def test_the_invitation_names_this_home_and_carries_a_token() -> None:
    _, home = cluster()
    found = parse(invited(home, "alpha"))
    assert (found.home, found.server, found.ca_pem) == (HOME, SERVER, ca_pem())
    assert found.token == "token-host-1"  # noqa: S105 - the fake's


def test_another_address_can_be_given_for_hosts() -> None:
    _, home = cluster(server="https://127.0.0.1:6443")
    found = parse(invited(home, "alpha", "--server", "https://public.example.org"))
    assert found.server == "https://public.example.org"


def test_inviting_again_gives_a_new_token_and_changes_nothing() -> None:
    kube, home = cluster()
    invited(home, "alpha", "--endpoint-cidr", "203.0.113.0/24")
    before = dict(kube.stored)
    again = parse(invited(home, "alpha"))
    assert again.token == "token-host-2"  # noqa: S105 - the fake's
    assert kube.stored == before


def test_inviting_again_does_not_accept_a_host_that_the_home_set_aside(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kube, home = cluster()
    invited(home, "alpha")
    kube.put(HOST_CLUSTER, {"metadata": {"name": "alpha"}, "spec": {"accepted": False}})
    invited(home, "alpha")
    assert kube.at(HOST_CLUSTER, "alpha")["spec"]["accepted"] is False
    assert "not accepted" in capsys.readouterr().err


def test_rights_that_were_widened_by_hand_are_brought_back() -> None:
    kube, home = cluster()
    invited(home, "alpha")
    role = kube.at(ROLE, "host", namespace=NAMESPACE_OF_ALPHA)
    everything = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["delete"]}
    kube.put(ROLE, {**role, "rules": [*role["rules"], everything]})
    invited(home, "alpha")
    assert kube.at(ROLE, "host", namespace=NAMESPACE_OF_ALPHA)["rules"] == link_rules()


def test_a_namespace_of_somebody_else_is_not_taken() -> None:
    kube, home = cluster()
    kube.put(NAMESPACE, {"metadata": {"name": NAMESPACE_OF_ALPHA}})
    with pytest.raises(NameTaken):
        invited(home, "alpha")
    assert kube.writes() == []


def test_without_the_chart_nothing_is_made() -> None:
    kube, home = cluster()
    with pytest.raises(Refused, match="install the chart"):
        invited(home, "alpha", "--system-namespace", "elsewhere")
    assert kube.writes() == []


@pytest.mark.parametrize(
    "server", ["https://127.0.0.1:6443", "http://home.example.org", "https://localhost"]
)
def test_an_address_that_no_other_cluster_can_use_is_refused_with_the_remedy(server: str) -> None:
    kube, home = cluster(server=server)
    with pytest.raises(Refused, match="--server"):
        invited(home, "alpha")
    assert kube.writes() == []


def test_a_dry_run_shows_all_objects_and_makes_none() -> None:
    kube, home = cluster()
    shown = list(yaml.safe_load_all(invited(home, "alpha", "--dry-run")))
    assert kube.writes() == []
    kinds = [document["kind"] for document in shown]
    assert kinds == [
        "Namespace",
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "RoleBinding",
        "ClusterRoleBinding",
        "Lease",
        "ConfigMap",
        "HostCluster",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["Alpha"],
        ["a" * 49],
        ["alpha", "--endpoint-cidr", "203.0.113.1/24"],
        ["alpha", "--label", "gold"],
        ["alpha", "--home-name", "My home"],
        ["alpha", "--kubeconfig", "/nowhere/kubeconfig"],
    ],
)
def test_wrong_words_are_refused_with_a_sentence(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["invite", *words]) == 2
    assert capsys.readouterr().err.startswith("modelbond: error: ")


def test_by_default_the_home_is_called_home() -> None:
    from modelbond.cli import invite

    assert arguments(invite, "alpha").home_name == "home"


# Watchers.


def test_a_watcher_may_read_the_secrets_of_one_namespace_and_nothing_else() -> None:
    kube, home = cluster()
    invited(home, "--watcher", "eu")
    assert kube.at(ROLE, "watcher", namespace="modelbond-watch")["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}
    ]
    bound = {
        key: (binding["roleRef"]["kind"], binding["roleRef"]["name"], binding["subjects"])
        for key, binding in kube.objects(ROLE_BINDING).items()
    }
    place = {"kind": "ServiceAccount", "namespace": "modelbond-watch", "name": "watcher-eu"}
    operator = {
        "kind": "ServiceAccount",
        "namespace": "modelbond-system",
        "name": "modelbond-operator",
    }
    assert bound == {
        "modelbond-watch/watcher-eu": ("Role", "watcher", [place]),
        "modelbond-watch/home-operator": (
            "ClusterRole",
            "modelbond-home-in-watch-namespace",
            [operator],
        ),
    }
    assert kube.objects(CLUSTER_ROLE_BINDING) == {}
    assert kube.objects(HOST_CLUSTER) == {}


def test_a_watchers_invitation_is_one_secret_with_the_way_and_a_token() -> None:
    _, home = cluster()
    (secret,) = yaml.safe_load_all(invited(home, "--watcher", "eu"))
    assert secret["metadata"] == {"name": f"watch-{HOME}"}
    assert secret["stringData"] == {
        "home": HOME,
        "server": SERVER,
        "namespace": "modelbond-watch",
        "ca": ca_pem(),
        "token": "token-watcher-eu-1",
    }


def test_several_watchers_have_an_account_each_and_share_the_rest() -> None:
    kube, home = cluster()
    invited(home, "--watcher", "eu")
    before = kube.objects(ROLE)
    invited(home, "--watcher", "us")
    assert kube.objects(ROLE) == before
    assert kube.names(SERVICE_ACCOUNT) == [
        "modelbond-system/modelbond-operator",
        "modelbond-watch/watcher-eu",
        "modelbond-watch/watcher-us",
    ]


def test_a_dry_run_for_a_watcher_makes_nothing() -> None:
    kube, home = cluster()
    text = invited(home, "--watcher", "eu", "--dry-run")
    assert [one["kind"] for one in yaml.safe_load_all(text)] == [
        "Namespace",
        "Role",
        "RoleBinding",
        "ServiceAccount",
        "RoleBinding",
    ]
    assert kube.objects(ROLE) == {}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "name a host, or a watcher"),
        (("alpha", "--watcher", "eu"), "name a host, or a watcher"),
        (("--watcher", "E U"), "--watcher 'E U': use at most 48"),
        (("--watcher", "eu", "--label", "a=b"), "are about hosts"),
        (("--watcher", "eu", "--endpoint-cidr", "10.0.0.0/8"), "are about hosts"),
    ],
)
def test_whom_to_invite_must_be_clear(
    words: tuple[str, ...], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["invite", *words]) == 2
    assert error in capsys.readouterr().err
