"""Values that are wrong are refused before anything is installed, with the value's name."""

import json
from typing import Any

import pytest

from .conftest import CHART, MINIMAL, helm_with, merged

WATCHER = {"enabled": True, "keys": {"secret": "keys"}, "homes": ["watch-home-0c6f9a52"]}
CHAIN = {"chain": {"deployment": {"configMap": "c"}, "rpcs": {"secret": "r", "names": ["own"]}}}
RUNTIME = {"image": "triton", "formats": ["onnx"]}


def refusal(values: dict[str, Any]) -> str:
    done = helm_with(merged(MINIMAL, values), "template", "release", str(CHART))
    assert done.returncode != 0, done.stdout
    return done.stderr


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"rolls": ["home"]}, "rolls"),
        ({"roles": []}, "roles: name home, host or both, or enable the watcher"),
        ({"roles": ["watcher"]}, "roles"),
        ({"roles": ["home", "home"]}, "roles"),
        ({"image": {"repository": "UPPER case"}}, "repository"),
        ({"image": {"digest": "sha256:short"}}, "digest"),
        ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
        ({"image": {"name": "x"}}, "image"),
        ({"home": {"namespaces": "models"}}, "namespaces"),
        ({"home": {"namespaces": ["Models"]}}, "namespaces"),
        ({"home": {"silenceSeconds": 0}}, "silenceSeconds"),
        ({"home": {"withdrawDeadlineSeconds": "60s"}}, "withdrawDeadlineSeconds"),
        ({"home": {"certificateDays": 10_000}}, "certificateDays"),
        ({"host": {"readNodes": "yes"}}, "readNodes"),
        ({"host": {"runtimes": {"Triton": RUNTIME}}}, "Triton"),
        ({"host": {"runtimes": {"triton": {"image": "x"}}}}, "formats"),
        ({"host": {"runtimes": {"triton": {**RUNTIME, "formats": ["pickle"]}}}}, "formats"),
        ({"host": {"runtimes": {"triton": {**RUNTIME, "command": ["sh"]}}}}, "command"),
        ({"chain": {"towers": ["0x12"]}}, "towers"),
        ({"chain": {"watchers": ["ftp://watcher"]}}, "watchers"),
        ({"chain": {"rpcs": {"url": "https://rpc"}}}, "url"),
        ({"chain": {"hostKey": {"secret": "A b"}}}, "secret"),
        ({"chain": {"deployment": {"configMap": "c"}}}, "chain.rpcs: name the Secret"),
        ({"watcher": {"enabled": True}}, "watcher: it acts on leases alone"),
        ({"watcher": WATCHER | {"keys": {"secret": ""}}, **CHAIN}, "watcher.keys.secret: name"),
        ({"watcher": WATCHER | {"homes": []}, **CHAIN}, "watcher.homes: name the Secrets"),
        ({"watcher": WATCHER}, "watcher: it acts on leases alone"),
        ({"watcher": {"peers": [{"name": "eu", "url": "ftp://eu"}]}}, "url"),
        ({"watcher": {"privateRanges": ["10.0.0.1"]}}, "privateRanges"),
        ({"watcher": {"retentionSeconds": 60}}, "retentionSeconds"),
        ({"watcher": {"service": {"type": "Ingress"}}}, "type"),
        ({"crds": {"enabled": "true"}}, "enabled"),
        ({"resources": {"claims": []}}, "resources"),
        ({"tolerations": [{"effect": "Never"}]}, "effect"),
        ({"metrics": {"podMonitor": {"interval": "often"}}}, "interval"),
        ({"metrics": {"prometheusRule": {"runbookUrl": "docs/"}}}, "runbookUrl"),
        ({"grafana": {"dashboards": {"folder": "x"}}}, "folder"),
    ],
)
def test_a_wrong_value_is_refused_by_name(values: dict[str, Any], named: str) -> None:
    assert named in refusal(values)


def test_an_image_must_be_named() -> None:
    assert "image.repository: say where" in refusal({"image": {"repository": ""}})


def test_a_host_must_say_who_owns_it() -> None:
    assert "host.owner: say who" in refusal({"host": {"owner": ""}})


def test_each_value_is_known_to_the_schema_and_explained_where_it_stands() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    text = (CHART / "values.yaml").read_text()
    for name in set(schema["properties"]) - {"global"}:
        assert f"\n{name}:" in text
    unexplained = [
        line
        for before, line in zip(text.splitlines(), text.splitlines()[1:], strict=False)
        if line.startswith("  ") and not line.strip().startswith("#") and not before.strip()
    ]
    assert unexplained == []
