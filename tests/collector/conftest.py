"""One city for all unit tests of the collector; keys cost time to make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.authority import Authority
from tests.support.broker import make_city
from tests.support.intake import WayIn
from tests.support.known_routes import keep_what_is_known

keep_what_is_known()


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Read-only: who changes it takes `city` of tests.support.broker."""
    return make_city(tmp_path_factory.mktemp("town"))


@pytest.fixture
def way_in(tmp_path: Path, town: Authority) -> Iterator[WayIn]:
    made = WayIn(tmp_path / "data", town)
    yield made
    made.reader.close()
    made.database.close()
