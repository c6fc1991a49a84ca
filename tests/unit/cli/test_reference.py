"""The documents and the command line say the same."""

import re
from pathlib import Path

import pytest

from modelbond.cli.home_objects import link_rules
from modelbond.cli.main import VERBS, parser_of

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


def test_make_targets_in_the_documents_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for page in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"):
        text = (ROOT / page).read_text()
        named = re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)
        for target in named + re.findall(r"`make ([a-z-]+)`", text):
            assert re.search(rf"^([a-z -]* )?{target}\b[a-z -]*:", makefile, re.MULTILINE), target
