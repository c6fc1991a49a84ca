"""The chart as real helm renders it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.helm import helm

Json = dict[str, Any]
CHART = Path(__file__).parents[2] / "helm" / "modelbond"
DIGEST = "sha256:" + "0" * 64
MINIMAL: Json = {"image": {"repository": "registry.example.org/modelbond"}, "host": {"owner": "me"}}


def helm_with(values: Json, *words: str) -> subprocess.CompletedProcess[str]:
    """Run helm with these values on stdin."""
    return subprocess.run(
        [str(helm()), *words, "--values", "-"],
        input=json.dumps(values),
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )


class Rendered:
    """What helm renders, and questions about it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.objects: list[Json] = [found for found in yaml.safe_load_all(text) if found]

    def kind(self, kind: str) -> list[Json]:
        """Return all objects of that kind."""
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind: str, name: str = "modelbond-operator") -> Json:
        """Return the one object of that kind and name."""
        (found,) = (each for each in self.kind(kind) if each["metadata"]["name"] == name)
        return found

    def pod(self) -> Json:
        """Return the pod template's spec."""
        spec: Json = self.one("Deployment")["spec"]["template"]["spec"]
        return spec

    def config(self) -> str:
        """Return the operator's configuration file."""
        return str(self.one("ConfigMap")["data"]["config.yaml"])

    def watcher_pod(self) -> Json:
        """Return the watcher's pod template's spec."""
        spec: Json = self.one("Deployment", "modelbond-watcher")["spec"]["template"]["spec"]
        return spec

    def watcher_config(self) -> str:
        """Return the watcher's configuration file."""
        return str(self.one("ConfigMap", "modelbond-watcher")["data"]["watcher.yaml"])


Render = Callable[..., Rendered]


@pytest.fixture
def render() -> Render:
    """Return a function that renders the chart with values over the minimal ones."""

    def rendered(*, namespace: str = "modelbond-system", **values: Any) -> Rendered:
        done = helm_with(
            merged(MINIMAL, values), "template", "release", str(CHART), "--namespace", namespace
        )
        assert done.returncode == 0, done.stderr
        return Rendered(done.stdout)

    return rendered


def merged(base: Json, over: Json) -> Json:
    """Return base with over laid upon it."""
    out = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = merged(out[key], value) if both else value
    return out
