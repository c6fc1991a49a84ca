"""Generated files follow from crds/ and the reasons, and stale ones are told."""

import sys
from pathlib import Path

import pytest
import yaml

import generate
from generation import chart, reference, types

ROOT = Path(__file__).parents[3]
CRD_TEXT = (ROOT / "crds/homeclusters.yaml").read_text()
CRD = yaml.safe_load(CRD_TEXT)


def test_a_stale_file_is_told_and_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    stale = tmp_path / "page.md"
    stale.write_text("old\n")
    monkeypatch.setattr(generate, "wanted", lambda: [(stale, "new\n")])
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 1
    assert "-old\n+new\n" in capsys.readouterr().out
    assert stale.read_text() == "old\n"


def test_a_stale_file_is_written_and_then_no_longer_stale(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = tmp_path / "docs" / "page.md"
    monkeypatch.setattr(generate, "wanted", lambda: [(missing, "new\n")])
    monkeypatch.setattr(sys, "argv", ["generate.py"])
    assert generate.main() == 0
    assert missing.read_text() == "new\n"
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 0


def test_the_chart_keeps_the_kinds_when_it_is_uninstalled() -> None:
    template = chart.template(CRD_TEXT)
    rendered = "".join(line for line in template.splitlines(keepends=True) if "{{" not in line)
    kept = yaml.safe_load(rendered)
    assert kept["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    assert kept == CRD


def test_a_kind_that_helm_would_interpret_is_refused() -> None:
    with pytest.raises(SystemExit, match="helm would read"):
        chart.template("description: '{{ hello }}'")


def test_one_title_cannot_mean_two_things() -> None:
    other = yaml.safe_load(CRD_TEXT)
    spec = other["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"]["quota"]["properties"]["cpu"]["maxLength"] = 7
    with pytest.raises(SystemExit, match="Quota differs from another kind's"):
        types.types([CRD, other])


def test_the_reference_has_every_field_and_rule_of_a_kind() -> None:
    page = reference.kinds_page([CRD])
    assert "| `spec.policy.sources` | list of strings |" in page
    assert "| `spec.quota.gpus[].class` | string | required |" in page
    assert "| `spec.state` | `Active`, `Cordoned`, `Drained` | `Active` |" in page
    assert "- server cannot be changed: delete this HomeCluster" in page


def test_the_reference_has_every_reason_with_its_remedy() -> None:
    page = reference.conditions_page()
    assert "| `NameTaken` | An object that modelbond did not make" in page
    assert "Rename that object or this one. |" in page
