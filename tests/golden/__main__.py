"""Write the evidence of all cases: `python -m golden`."""

from pathlib import Path

from fakes.evidence import text_of
from golden.cases import CASES

FOLDER = Path(__file__).parent / "evidence"


def main() -> None:
    """Write one file for each case."""
    FOLDER.mkdir(exist_ok=True)
    for name, case in CASES.items():
        (FOLDER / f"{name}.json").write_bytes(text_of(case.evidence()))


if __name__ == "__main__":
    main()
