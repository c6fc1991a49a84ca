"""`python -m modelbond`: the command line."""

import sys

from modelbond.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
