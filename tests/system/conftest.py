"""Fixtures that every system test may ask for."""

from __future__ import annotations

from tests.support.broker import broker, city

__all__ = ["broker", "city"]
