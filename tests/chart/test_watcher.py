"""The watcher that the chart runs: no right in its cluster, and files where it looks for them."""

import pytest
import yaml

from modelbond.watcher.config import WatcherConfig, decode_config

from .conftest import CHART, Json, Render, Rendered, helm_with, merged

WATCHING: Json = {
    "roles": [],
    "chain": {
        "deployment": {"configMap": "contracts"},
        "rpcs": {"secret": "rpcs", "names": ["own", "other"]},
    },
    "watcher": {
        "enabled": True,
        "keys": {"secret": "watcher-keys"},
        "homes": ["watch-home-0c6f9a52", "watch-shop-1f2e3d4c"],
        "peers": [{"name": "eu", "url": "http://watcher.example.org:8440"}],
        "privateRanges": ["10.0.0.0/8"],
    },
}


@pytest.fixture
def rendered(render: Render) -> Rendered:
    return render(**WATCHING)


@pytest.fixture
def config(rendered: Rendered) -> WatcherConfig:
    return decode_config(rendered.watcher_config())


def test_without_a_word_there_is_no_watcher(render: Render) -> None:
    assert "modelbond-watcher" not in render().text


def test_a_cluster_that_is_neither_home_nor_host_gets_the_watcher_alone(rendered: Rendered) -> None:
    kinds = sorted({each["kind"] for each in rendered.objects})
    assert kinds == [
        "ConfigMap",
        "Deployment",
        "PersistentVolumeClaim",
        "Service",
        "ServiceAccount",
    ]
    assert {each["metadata"]["name"] for each in rendered.objects} == {"modelbond-watcher"}


def test_beside_an_operator_it_is_a_pod_of_its_own(render: Render) -> None:
    both = render(**merged(WATCHING, {"roles": ["home", "host"]}))
    operator, watcher = (
        both.one("Deployment", name)["spec"]["selector"]["matchLabels"]
        for name in ("modelbond-operator", "modelbond-watcher")
    )
    assert operator != watcher
    assert both.pod() != both.watcher_pod()


def test_it_has_no_right_in_its_cluster(rendered: Rendered) -> None:
    pod = rendered.watcher_pod()
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] == "modelbond-watcher"
    account = rendered.one("ServiceAccount", "modelbond-watcher")
    assert account["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_each_file_is_mounted_where_it_is_looked_for(
    rendered: Rendered, config: WatcherConfig
) -> None:
    pod = rendered.watcher_pod()
    mounts = {each["mountPath"]: each["name"] for each in pod["containers"][0]["volumeMounts"]}
    volumes = {each["name"]: str(each) for each in pod["volumes"]}

    def source(path: str) -> str:
        (mount,) = (each for each in mounts if f"{path}/".startswith(f"{each}/"))
        return volumes[mounts[mount]]

    assert config.paying_key is not None
    for path, named in [
        (config.chain.deployment, "'name': 'contracts'"),
        (config.chain.rpcs[1].url_file, "'secretName': 'rpcs'"),
        (config.attesting_key.file, "'secretName': 'watcher-keys'"),
        (config.paying_key.file, "'secretName': 'watcher-keys'"),
        (config.homes[1].invitation, "'secretName': 'watch-shop-1f2e3d4c'"),
        (config.state, "'claimName': 'modelbond-watcher'"),
        (config.chain.ledgers, "'claimName': 'modelbond-watcher'"),
    ]:
        assert named in source(path)


def test_homes_are_known_by_the_names_that_they_gave_themselves(config: WatcherConfig) -> None:
    assert [one.name for one in config.homes] == ["home-0c6f9a52", "shop-1f2e3d4c"]


def test_ports_are_those_that_the_watcher_serves(rendered: Rendered, config: WatcherConfig) -> None:
    (container,) = rendered.watcher_pod()["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"exchange": config.listen.port, "metrics": config.metrics_port}


def test_the_defaults_of_values_and_watcher_agree(config: WatcherConfig) -> None:
    assert config.retention_seconds == WatcherConfig.__struct_defaults__[-2]
    assert config.look_seconds == WatcherConfig.__struct_defaults__[-1]


def test_without_a_paying_key_others_post(render: Render) -> None:
    quiet = merged(WATCHING, {"watcher": {"keys": {"paying": ""}}})
    assert decode_config(render(**quiet).watcher_config()).paying_key is None


def test_its_disk_stays_when_the_release_goes_and_can_be_ones_own(render: Render) -> None:
    claim = render(**WATCHING).one("PersistentVolumeClaim", "modelbond-watcher")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    own = render(**merged(WATCHING, {"watcher": {"state": {"claim": "mine"}}}))
    assert own.kind("PersistentVolumeClaim") == []
    assert "'claimName': 'mine'" in str(own.watcher_pod())


def test_two_never_run_at_once_with_one_signing_record(rendered: Rendered) -> None:
    spec = rendered.one("Deployment", "modelbond-watcher")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_other_watchers_reach_it_as_its_owner_says(render: Render) -> None:
    service = {"service": {"type": "NodePort", "nodePort": 30_844}}
    one = render(**merged(WATCHING, {"watcher": service})).one("Service", "modelbond-watcher")
    assert one["spec"]["type"] == "NodePort"
    assert one["spec"]["ports"] == [
        {"name": "exchange", "port": 8440, "targetPort": "exchange", "nodePort": 30_844}
    ]


def test_its_metrics_keep_their_own_labels(render: Render) -> None:
    monitored = merged(WATCHING, {"metrics": {"podMonitor": {"enabled": True}}})
    (monitor,) = render(**monitored).kind("PodMonitor")
    assert monitor["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] == "watcher"
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["honorLabels"]) == ("metrics", True)


def test_the_notes_say_where_to_look(rendered: Rendered) -> None:
    values = merged({"image": {"repository": "registry.example.org/modelbond"}}, WATCHING)
    done = helm_with(values, "install", "release", str(CHART), "--dry-run=client")
    assert "As a watcher of home-0c6f9a52, shop-1f2e3d4c:" in done.stdout, done.stderr
    assert "modelbond-watcher:exchange/proxy/v1/status" in done.stdout
    assert yaml.safe_load(rendered.watcher_config())["listen"] == {"port": 8440}
