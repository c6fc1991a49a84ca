"""Fail unless every line, branch and function of src/ was run, and say which was not."""

import sys
from pathlib import Path

WHOLE = ("src/ModelBond.sol", "src/WatchTower.sol")


def main(report: str) -> int:
    """Read an lcov file; return the exit status."""
    file, files, missed = "", set(), []
    for line in Path(report).read_text().splitlines():
        kind, _, rest = line.partition(":")
        fields = rest.split(",")
        if kind == "SF":
            file = rest
            files.add(file)
        elif kind == "DA" and fields[1] == "0":
            missed.append(f"{file}:{fields[0]}: line")
        elif kind == "BRDA" and fields[3] in {"0", "-"}:
            missed.append(f"{file}:{fields[0]}: branch {fields[1]}.{fields[2]}")
        elif kind == "FNDA" and fields[0] == "0":
            missed.append(f"{file}: function {fields[1]}")
    # A file that the report passes over would look covered.
    missed += [f"{name}: not in the report" for name in WHOLE if name not in files]
    print(*missed, sep="\n") if missed else print("src/: every line, branch and function was run")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
