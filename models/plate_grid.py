"""The plate locator's picture and grid: what its recipe and its use must agree on."""

from __future__ import annotations

from typing import Final

WIDTH: Final = 320
HEIGHT: Final = 224

STRIDE: Final = 8
"""Pixels of a cell."""

REACH: Final = 32.0
"""Pixels that a corner output of 1 stands for."""
