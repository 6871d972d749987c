"""One centre for each test of the services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.authority import Authority
from tests.support.service_bench import ServiceBench


@pytest.fixture
def bench(tmp_path: Path, town: Authority) -> Iterator[ServiceBench]:
    made = ServiceBench(tmp_path, town)
    yield made
    made.close()
