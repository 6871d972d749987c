"""`python -m polewatch` is the `polewatch` command."""

from __future__ import annotations

from polewatch.cli import main

if __name__ == "__main__":
    main()
