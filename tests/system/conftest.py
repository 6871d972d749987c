"""Fixtures that every system test may ask for."""

from __future__ import annotations

from tests.support.broker import broker, city
from tests.support.demo import running_demo

__all__ = ["broker", "city", "running_demo"]
