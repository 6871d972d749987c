"""`python -m collector` is `polewatch collector`."""

from __future__ import annotations

from collector.commands import app

if __name__ == "__main__":
    app()
