"""The documents and the command line say the same."""

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from fakes.schemas import violations
from modelbond.api.kinds import MODEL_DEPLOYMENT
from modelbond.cli.home_objects import link_rules
from modelbond.cli.main import VERBS, parser_of
from modelbond.reconcile.home_names import client_secret_name

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "cli.md").read_text()
SHARED = {"--help", "--kubeconfig", "--context"}


def section(verb: str) -> str:
    """Return the part of the page about one verb."""
    return PAGE.partition(f"\n## {verb}\n")[2].partition("\n## ")[0]


def options(verb: str) -> set[str]:
    """Return the long options that the verb takes."""
    parser = parser_of(verb, program="modelbond")
    every = {text for action in parser._actions for text in action.option_strings}
    return {text for text in every if text.startswith("--")} - SHARED


@pytest.mark.parametrize("verb", VERBS)
def test_the_page_has_each_option_of_each_verb_and_no_other(verb: str) -> None:
    told = set(re.findall(r"`[^`]*?(--[a-z][a-z-]*)", section(verb)))
    assert told == options(verb)


def test_the_page_has_each_right_of_the_link() -> None:
    rights = section("invite").partition("rights at the home")[2]
    for rule in link_rules():
        (resource,) = rule["resources"]
        assert resource.partition("/")[0] in rights
        assert ", ".join(rule["verbs"]) in rights


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_links_of_the_documents_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text()):
        assert (ROOT / target).exists(), target


def test_the_map_of_the_architecture_names_files_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for name in re.findall(r"`([a-z_]+/[a-z_]+\.py)`", text):
        assert (ROOT / "operator" / "modelbond" / name).exists(), name


def test_the_readme_uses_only_verbs_and_options_that_exist() -> None:
    text = (ROOT / "README.md").read_text().replace("\\\n", " ")
    used = re.findall(rf"modelbond ({'|'.join(VERBS)})\b([^|`\n]*)", text)
    assert {verb for verb, _ in used} >= {"invite", "join", "digest", "explain"}
    for verb, rest in used:
        assert set(re.findall(r" (--[a-z-]+)", rest)) <= options(verb) | SHARED


def test_the_readmes_pod_asks_the_service_with_the_secret_of_its_deployment() -> None:
    text = (ROOT / "README.md").read_text()
    pod = json.loads(text.partition("--overrides='")[2].partition("'\n")[0])["spec"]
    assert pod["volumes"][0]["secret"]["secretName"] == client_secret_name("my-model")
    command = pod["containers"][0]["command"][-1]
    where = pod["containers"][0]["volumeMounts"][0]["mountPath"]
    assert set(re.findall(rf"{where}/([a-z.]+)", command)) == {"ca.crt", "token"}
    assert "https://my-model.models.svc/v2/models/my-model" in command


def test_the_readmes_deployment_is_one_that_the_kind_takes(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"weights")
    step = (ROOT / "README.md").read_text().partition("kubectl apply -f - <<EOF\n")[2]
    text = textwrap.dedent(step.partition("   EOF\n")[0])
    model = subprocess.run(
        [sys.executable, "-m", "modelbond", "digest", tmp_path],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    wanted = "$(modelbond digest ./my-model | sed 's/^/    /')\n"
    assert wanted in text
    deployment = yaml.safe_load(text.replace(wanted, textwrap.indent(model, "    ")))
    assert violations(MODEL_DEPLOYMENT, deployment) == []


def test_make_targets_in_the_documents_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for page in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"):
        text = (ROOT / page).read_text()
        named = re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)
        for target in named + re.findall(r"`make ([a-z-]+)`", text):
            assert re.search(rf"^([a-z -]* )?{target}\b[a-z -]*:", makefile, re.MULTILINE), target
