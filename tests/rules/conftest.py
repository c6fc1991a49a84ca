"""The rules as a real promtool judges them: series in, alerts out."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster import debian

ROOT = Path(__file__).parents[2]
RULES = ROOT / "manifests" / "rules" / "modelbond.yaml"

Json = dict[str, Any]


def promtool(*words: str | Path, given: str = "") -> str:
    """Run Debian's promtool and return what it says; its complaint is the assertion's text."""
    done = subprocess.run(
        [debian.unpacked("prometheus") / "usr/bin/promtool", *words],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def groups() -> list[Json]:
    """Return the file's groups in their order."""
    found: list[Json] = yaml.safe_load(RULES.read_text())["groups"]
    return found


def rules() -> list[Json]:
    """Return every rule of the file."""
    return [rule for group in groups() for rule in group["rules"]]


def alert(name: str) -> Json:
    """Return the alert of that name."""
    (found,) = (rule for rule in rules() if rule.get("alert") == name)
    return found


@dataclass
class Scene:
    """Series with a sample each `interval`, in promtool's notation, and what follows from them."""

    folder: Path
    series: dict[str, str]
    interval: str

    def fires(self, alert_name: str, /, *, at: str, text: str, **labels: str) -> None:
        """Hold that the alert fires at that time, with these labels and this description."""
        rule = alert(alert_name)
        annotations = {**rule["annotations"], "description": text}
        annotations["summary"] = _filled(annotations["summary"], labels)
        expected = {
            "exp_labels": {**rule["labels"], **labels},
            "exp_annotations": annotations,
        }
        self._test(alert_rule_test=[{**self._asked(alert_name, at), "exp_alerts": [expected]}])

    def is_quiet(self, name: str, *, at: str) -> None:
        """Hold that the alert does not fire at that time."""
        self._test(alert_rule_test=[{**self._asked(name, at), "exp_alerts": []}])

    def gives(self, expr: str, *, at: str, samples: dict[str, float]) -> None:
        """Hold that the expression has exactly these samples at that time."""
        found = [{"labels": labels, "value": value} for labels, value in samples.items()]
        self._test(promql_expr_test=[{"expr": expr, "eval_time": at, "exp_samples": found}])

    def _asked(self, name: str, at: str) -> Json:
        return {"alertname": name, "eval_time": at}

    def _test(self, **what: Any) -> None:
        series = [{"series": name, "values": values} for name, values in self.series.items()]
        test = {"interval": self.interval, "input_series": series, **what}
        file = self.folder / "test.yaml"
        document = {
            "rule_files": [str(RULES)],
            "evaluation_interval": self.interval,
            # Else promtool draws lots, and an alert may be a step behind what it reads.
            "group_eval_order": [group["name"] for group in groups()],
            "tests": [test],
        }
        file.write_text(yaml.safe_dump(document))
        promtool("test", "rules", file)


def _filled(text: str, labels: dict[str, str]) -> str:
    for label, value in labels.items():
        text = text.replace(f"{{{{ $labels.{label} }}}}", value)
    return text


SceneOf = Callable[..., Scene]


@pytest.fixture
def scene(tmp_path: Path) -> SceneOf:
    """Return a function that sets a scene of these series."""

    def of(series: dict[str, str], *, interval: str = "1m") -> Scene:
        return Scene(folder=tmp_path, series=series, interval=interval)

    return of
