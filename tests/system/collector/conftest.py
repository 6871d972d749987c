"""A city, a broker of either kind, and a collector beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle, broker, city
from tests.support.centre import Centre
from tests.support.device import SimDevice, Wired

__all__ = ["broker", "city"]


@pytest.fixture
def centre(tmp_path: Path, city: Authority, broker: BrokerHandle) -> Iterator[Centre]:
    """A centre that is not started yet."""
    made = Centre(tmp_path / "centre", city, broker)
    yield made
    made.stop()


@pytest.fixture
def pole(city: Authority, broker: BrokerHandle) -> Iterator[Wired]:
    """pole-001-1, connected."""
    device = SimDevice.load(city.register_file, city.identity("pole-001-1"))
    wired = Wired(device, broker).connect()
    yield wired
    wired.close()
