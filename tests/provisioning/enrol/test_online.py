"""A box's first boot: from the files of its image to an enrolled pole."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.config import load_agent_settings
from provisioning.enrol import online
from provisioning.problems import ProvisionError
from tests.provisioning.enrol.counter import Counter
from wire.clock import SimulatedClock
from wire.identity import Identity
from wire.register import Trust


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter.make(tmp_path, SimulatedClock(datetime.now(UTC)))


def never(problem: ProvisionError, pause_s: float) -> None:
    raise AssertionError(f"it had to wait {pause_s} s: {problem}")


def test_a_blank_box_becomes_a_pole_that_the_register_names(counter: Counter) -> None:
    with counter.door() as door:
        home = counter.seed("gy-001", counter.claim("gy-001"), door.url)
        assert online.enrol(home, counter.clock, 0, never) == "gy-001-1"
    assert Identity.load(home / "identity").name == "gy-001-1"
    assert load_agent_settings(home / "agent.yaml").cameras[0].url == "rtsp://10.0.0.1/a"
    assert not (home / "claim").exists(), "a claim that is spent is nobody's to find"
    assert [one.state for one in counter.keeper.step()] == ["taken"]
    trust = Trust(counter.city.register_file, now=counter.clock.now())
    assert trust.devices() == ("gy-001-1",)
    assert online.enrol(home, counter.clock, 0, never) is None
