"""What the chart installs: restricted, without wildcards, the same at every render."""

import json

import kubernetes_validate
import pytest
import yaml

from modelbond.api.config import decode_config
from modelbond.cli.home_objects import HOME_ROLE, IDENTITY_ROLE
from modelbond.cli.host_objects import HOST_ROLE
from modelbond.cli.person import OPERATOR_ACCOUNT

from .conftest import CHART, DIGEST, MINIMAL, Render, helm_with, merged

TRITON = {
    "image": "nvcr.io/nvidia/tritonserver@" + DIGEST,
    "formats": ["onnx"],
    "readOnlyRootFilesystem": True,
    "runtimeClassName": "nvidia",
    "nodeSelector": {"gpu": "yes"},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "imagePullSecrets": ["pull"],
}
FULL = {
    "image": {"digest": DIGEST, "pullSecrets": ["pull"]},
    "home": {"namespaces": ["models", "other"]},
    "host": {"region": "eu-1", "runtimes": {"triton": TRITON}},
    "chain": {
        "deployment": {"configMap": "contracts"},
        "rpcs": {"secret": "rpcs", "names": ["own", "other"]},
        "watchers": ["https://watcher.example.org"],
        "hostKey": {"secret": "host-key", "password": "password"},
    },
    "watcher": {
        "enabled": True,
        "keys": {"secret": "watcher-keys"},
        "homes": ["watch-home-0c6f9a52"],
        "service": {"type": "NodePort", "nodePort": 30844},
    },
    "nodeSelector": {"pool": "system"},
    "tolerations": [{"operator": "Exists"}],
    "metrics": {
        "service": {"enabled": True},
        "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    },
    "grafana": {"dashboards": {"enabled": True}},
}
MANIFESTS = CHART.parents[1] / "manifests"
LINKS = {"modelbond.io", "monitoring.coreos.com"}


def test_helm_finds_nothing_to_complain_of() -> None:
    done = helm_with(merged(MINIMAL, FULL), "lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout
    assert "0 chart(s) failed" in done.stdout


@pytest.mark.parametrize("values", [{}, FULL], ids=["minimal", "full"])
@pytest.mark.parametrize("version", ["1.30", "1.36"])
def test_every_object_is_valid_in_the_oldest_and_the_newest_kubernetes(
    render: Render, values: dict[str, object], version: str
) -> None:
    checked = 0
    for each in render(**values).objects:
        if each["apiVersion"].partition("/")[0] not in LINKS:
            kubernetes_validate.validate(each, version, strict=True)
            checked += 1
    assert checked >= 9


def test_rendering_twice_gives_the_same_text(render: Render) -> None:
    assert render(**FULL).text == render(**FULL).text


def test_nothing_secret_is_rendered(render: Render) -> None:
    assert render(**FULL).kind("Secret") == []


@pytest.mark.parametrize("roles", [["home"], ["host"], ["home", "host"]])
def test_no_right_has_a_wildcard(render: Render, roles: list[str]) -> None:
    rendered = render(**FULL, roles=roles)
    rules = [
        rule
        for kind in ("Role", "ClusterRole")
        for role in rendered.kind(kind)
        for rule in role["rules"]
    ]
    assert rules
    assert not any("*" in part for rule in rules for part in [*rule.values()])


def test_secrets_and_workloads_are_never_a_right_in_the_whole_cluster(render: Render) -> None:
    rendered = render(**FULL)
    for binding in rendered.kind("ClusterRoleBinding"):
        role = rendered.one("ClusterRole", binding["roleRef"]["name"])
        resources = {name for rule in role["rules"] for name in rule["resources"]}
        assert resources <= {
            "modeldeployments",
            "modeldeployments/status",
            "modelplacements",
            "modelplacements/status",
            "hostclusters",
            "hostclusters/status",
            "homeclusters",
            "homeclusters/status",
            "nodes",
            "pods",
            "namespaces",
            "events",
        }


def test_customers_secrets_are_read_by_name_and_never_listed(render: Render) -> None:
    rendered = render(**FULL)
    for name in ("modelbond-home-in-customer-namespace", HOME_ROLE):
        rules = rendered.one("ClusterRole", name)["rules"]
        verbs = {verb for rule in rules if "secrets" in rule["resources"] for verb in rule["verbs"]}
        assert verbs == {"get", "create", "patch"}


def test_a_home_that_is_no_host_has_none_of_a_hosts_rights(render: Render) -> None:
    rendered = render(**FULL, roles=["home"])
    rules = rendered.one("ClusterRole", OPERATOR_ACCOUNT)["rules"]
    resources = {name for rule in rules for name in rule["resources"]}
    assert not resources & {"nodes", "pods", "modelplacements/status"}
    (secrets,) = rendered.one("Role")["rules"]
    assert secrets["verbs"] == ["get", "create"]


def test_the_operator_cannot_make_namespaces_roles_or_bindings(render: Render) -> None:
    rendered = render(**FULL)
    made = {
        (name, verb)
        for kind in ("Role", "ClusterRole")
        for role in rendered.kind(kind)
        for rule in role["rules"]
        for name in rule["resources"]
        for verb in rule["verbs"]
    }
    assert {verb for name, verb in made if name == "namespaces"} == {"get"}
    assert not {name for name, _ in made if "role" in name or name == "serviceaccounts"}
    assert not {verb for _, verb in made} & {"bind", "escalate", "impersonate", "deletecollection"}


def test_nodes_and_pods_are_listed_only_where_the_owner_allows_it(render: Render) -> None:
    def resources(**values: object) -> set[str]:
        role = render(**values).one("ClusterRole")
        return {name for rule in role["rules"] for name in rule["resources"]}

    assert {"nodes", "pods"} <= resources(host={"readNodes": True})
    assert not {"nodes", "pods"} & resources(host={"readNodes": False})
    assert not {"nodes", "pods"} & resources(roles=["home"])


def test_who_may_edit_a_namespace_may_edit_its_deployments_and_nothing_else_of_ours(
    render: Render,
) -> None:
    roles = [
        role
        for role in render().kind("ClusterRole")
        if any("/aggregate-to-" in label for label in role["metadata"]["labels"])
    ]
    assert {role["metadata"]["name"] for role in roles} == {"modelbond-view", "modelbond-edit"}
    resources = {name for role in roles for rule in role["rules"] for name in rule["resources"]}
    assert resources == {"modeldeployments", "modeldeployments/scale"}


def test_each_customer_namespace_has_its_binding_and_no_other(render: Render) -> None:
    bindings = render(**FULL).kind("RoleBinding")
    places = {
        each["metadata"].get("namespace"): each["roleRef"]["name"]
        for each in bindings
        if each["roleRef"]["kind"] == "ClusterRole"
    }
    assert places == {
        "models": "modelbond-home-in-customer-namespace",
        "other": "modelbond-home-in-customer-namespace",
    }


def test_the_names_that_invite_and_join_bind_are_the_charts(render: Render) -> None:
    rendered = render()
    for role in (HOME_ROLE, IDENTITY_ROLE, HOST_ROLE):
        assert rendered.one("ClusterRole", role)
    assert rendered.one("ServiceAccount", OPERATOR_ACCOUNT)
    assert rendered.pod()["serviceAccountName"] == OPERATOR_ACCOUNT


def test_all_bindings_name_the_operator_in_the_releases_namespace(render: Render) -> None:
    rendered = render(**FULL, namespace="elsewhere")
    bindings = rendered.kind("RoleBinding") + rendered.kind("ClusterRoleBinding")
    subjects = [subject for each in bindings for subject in each["subjects"]]
    assert {(each["name"], each["namespace"]) for each in subjects} == {
        (OPERATOR_ACCOUNT, "elsewhere")
    }


def test_the_pod_is_restricted(render: Render) -> None:
    pod = render().pod()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert {"startupProbe", "livenessProbe", "readinessProbe", "resources"} <= set(container)


def test_without_a_chain_nothing_of_one_is_mounted_or_allowed(render: Render) -> None:
    rendered = render(home={"namespaces": ["models"]}, roles=["home"])
    assert {each["name"] for each in rendered.pod()["volumes"]} == {"config", "tmp"}
    assert "fsGroup" not in rendered.pod()["securityContext"]
    assert rendered.kind("PersistentVolumeClaim") == []
    assert decode_config(rendered.config()).chain is None
    rules = rendered.one("ClusterRole", "modelbond-home-in-customer-namespace")["rules"]
    assert not [rule for rule in rules if "configmaps" in rule["resources"]]
    own = rendered.one("ClusterRole", OPERATOR_ACCOUNT)["rules"]
    assert not [rule for rule in own if "namespaces" in rule["resources"]]


def test_a_chain_is_configured_by_files_that_are_mounted_where_they_are_looked_for(
    render: Render,
) -> None:
    rendered = render(**FULL)
    chain = decode_config(rendered.config()).chain
    assert chain is not None
    assert chain.host_key is not None
    (container,) = rendered.pod()["containers"]
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    volumes = {each["name"]: each for each in rendered.pod()["volumes"]}

    def source(path: str) -> object:
        (mount,) = (each for each in mounts if path.startswith(f"{each}/"))
        return volumes[mounts[mount]]

    assert source(chain.deployment) == {"name": "chain", "configMap": {"name": "contracts"}}
    assert [rpc.url_file.rpartition("/")[2] for rpc in chain.rpcs] == ["own", "other"]
    for path, secret in [
        (chain.rpcs[0].url_file, "rpcs"),
        (chain.host_key.file, "host-key"),
        (chain.host_key.password_file, "host-key"),
    ]:
        assert f"'secretName': '{secret}'" in str(source(path))
    claim = rendered.one("PersistentVolumeClaim", "modelbond-ledgers")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert f"'claimName': '{claim['metadata']['name']}'" in str(source(chain.ledgers))
    own = render(**merged(FULL, {"chain": {"ledgers": {"claim": "mine"}}}))
    claims = [each["metadata"]["name"] for each in own.kind("PersistentVolumeClaim")]
    assert claims == ["modelbond-watcher"]


def test_two_operators_never_run_at_once(render: Render) -> None:
    spec = render().one("Deployment")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}


def test_the_operator_reads_its_configuration_strictly_and_finds_all_of_it(render: Render) -> None:
    config = decode_config(render(**FULL).config())
    assert config.roles == ("home", "host")
    assert config.home is not None
    assert config.home.namespaces == ("models", "other")
    assert config.host is not None
    assert config.host.owner == "me"
    assert config.host.edge_image == f"registry.example.org/modelbond@{DIGEST}"
    assert config.host.runtimes["triton"].runtime_class_name == "nvidia"


def test_the_defaults_of_values_and_operator_agree(render: Render) -> None:
    config = decode_config(render().config())
    bare = decode_config(
        "{roles: [home, host], namespace: modelbond-system, home: {},"
        " host: {owner: me, edgeImage: 'registry.example.org/modelbond:0.1.0'}}"
    )
    assert config == bare


@pytest.mark.parametrize("role", ["home", "host"])
def test_a_cluster_with_one_role_has_no_section_for_the_other(render: Render, role: str) -> None:
    config = decode_config(render(roles=[role]).config())
    assert config.roles == (role,)
    assert (config.home is not None) == (role == "home")
    assert (config.host is not None) == (role == "host")


def test_a_changed_configuration_restarts_the_operator(render: Render) -> None:
    def annotations(**values: object) -> object:
        return render(**values).one("Deployment")["spec"]["template"]["metadata"]["annotations"]

    assert annotations() == annotations()
    assert annotations() != annotations(home={"silenceSeconds": 30})


def test_the_kinds_come_with_the_chart_stay_when_it_goes_and_can_be_left_out(
    render: Render,
) -> None:
    kinds = render().kind("CustomResourceDefinition")
    assert len(kinds) == 4
    for each in kinds:
        assert each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert render(crds={"enabled": False}).kind("CustomResourceDefinition") == []


def test_metrics_are_shown_to_those_who_ask(render: Render) -> None:
    assert render().kind("Service") == render().kind("PodMonitor") == []
    rendered = render(**FULL)
    ports = {port["name"] for port in rendered.pod()["containers"][0]["ports"]}
    (monitored,) = rendered.one("PodMonitor")["spec"]["podMetricsEndpoints"]
    assert monitored["port"] in ports
    assert rendered.one("Service")["spec"]["ports"][0]["targetPort"] in ports


def test_a_deployments_namespace_is_not_taken_for_the_operators(render: Render) -> None:
    (monitored,) = render(**FULL).one("PodMonitor")["spec"]["podMetricsEndpoints"]
    assert monitored["honorLabels"] is True


def test_the_rules_are_those_of_the_plain_file_with_your_place_of_runbooks(render: Render) -> None:
    assert render().kind("PrometheusRule") == []
    rule = render(**FULL).one("PrometheusRule")
    assert rule["spec"] == yaml.safe_load((MANIFESTS / "rules/modelbond.yaml").read_text())
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    elsewhere = {"prometheusRule": {"enabled": True, "runbookUrl": "https://wiki.example.org/mb"}}
    spec = render(metrics=elsewhere).one("PrometheusRule")["spec"]
    urls = {
        rule["annotations"]["runbook_url"].rpartition("/")[0]
        for group in spec["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert urls == {"https://wiki.example.org/mb"}


def test_dashboards_come_as_config_maps_that_grafanas_sidecar_finds(render: Render) -> None:
    assert [each["metadata"]["name"] for each in render().kind("ConfigMap")] == [OPERATOR_ACCOUNT]
    found = render(**FULL).one("ConfigMap", "modelbond-dashboard-slashed")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    plain = (MANIFESTS / "dashboards/slashed.json").read_text()
    assert json.loads(found["data"]["modelbond-slashed.json"]) == json.loads(plain)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "No customer namespace is served yet"),
        ({}, "--reuse-values --set 'home.namespaces={models}'"),
        ({}, "No runtime is configured"),
        (FULL, "modelbond invite NAME"),
        (FULL, "modelbond join -f invitation.yaml"),
        (FULL, "Runtimes here: triton"),
    ],
)
def test_the_notes_teach_the_next_step(values: dict[str, object], said: str) -> None:
    done = helm_with(merged(MINIMAL, values), "install", "release", str(CHART), "--dry-run=client")
    assert said in done.stdout, done.stderr
