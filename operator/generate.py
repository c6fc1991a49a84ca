"""Writes every file that is derived from another; `--check` tells what is stale.

Derived from crds/, the reasons and operator/generation/, or with `--contracts` from what forge made
of contracts/.
"""

import argparse
import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from generation import abi, chart, reference, rules, slashed, types

ROOT = Path(__file__).resolve().parent.parent
PLURALS = ("modeldeployments", "modelplacements", "hostclusters", "homeclusters")


def wanted() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with the text that it should have."""
    texts = {plural: (ROOT / f"crds/{plural}.yaml").read_text() for plural in PLURALS}
    crds = [yaml.safe_load(text) for text in texts.values()]
    yield ROOT / "operator/modelbond/api/v1alpha1.py", types.types(crds)
    yield ROOT / "docs/reference/kinds.md", reference.kinds_page(crds)
    yield ROOT / "docs/reference/conditions.md", reference.conditions_page()
    for plural, text in texts.items():
        yield ROOT / f"helm/modelbond/templates/crds/{plural}.yaml", chart.template(text)
    for folder in ("manifests", "helm/modelbond/files"):
        yield ROOT / folder / "rules/modelbond.yaml", rules.rules()
        yield ROOT / folder / "dashboards/slashed.json", slashed.slashed()


def wanted_of_contracts() -> Iterator[tuple[Path, str]]:
    """Yield every file that is derived from the compiled contracts."""
    for name, text in abi.interfaces(ROOT / "contracts/out"):
        yield ROOT / f"operator/modelbond/adapters/chain/abi/{name}.json", text


def _difference(path: Path, *, now: str, text: str) -> Iterator[str]:
    return difflib.unified_diff(
        now.splitlines(keepends=True),
        text.splitlines(keepends=True),
        fromfile=f"{path} (stale)",
        tofile=f"{path} (generated)",
    )


def main() -> int:
    """Write what is stale, or with --check print the difference and return 1."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="change nothing")
    arguments.add_argument("--contracts", action="store_true", help="what forge compiled")
    given = arguments.parse_args()
    check, stale = given.check, 0
    for path, text in wanted_of_contracts() if given.contracts else wanted():
        now = path.read_text() if path.exists() else ""
        if now == text:
            continue
        stale += 1
        if check:
            sys.stdout.writelines(_difference(path, now=now, text=text))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
