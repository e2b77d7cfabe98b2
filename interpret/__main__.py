"""`python -m interpret` does what `interpret` does."""

import sys

from interpret.cli import main

if __name__ == "__main__":
    sys.exit(main())
