"""`python -m images`: build every image and say its name, size and seconds."""

import sys
import time

from cluster.steps import StepFailed
from images import build


def main() -> int:
    """Build all, fast to slow; return the exit code."""
    try:
        for make in (build.operator, build.files, build.client, build.triton):
            started = time.monotonic()
            archive = make()
            size = archive.stat().st_size / 1e6
            seconds = time.monotonic() - started
            print(f"localhost/modelbond/{archive.stem}:dev  {size:5.0f} MB  {seconds:5.1f} s")
            print(f"  {archive}", flush=True)
    except StepFailed as failure:
        print(f"images: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
