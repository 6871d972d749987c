"""A day of events without a line, delivered afterwards; see tests.system.uplink.drain for more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.uplink.drain import drain

EVENTS = 1200


@pytest.mark.timed
def test_a_day_without_a_line_is_made_good(tmp_path: Path) -> None:
    found = drain(tmp_path, "nats", EVENTS)
    print(f"{found.events} events in {found.took_s} s, {found.per_s} a second; CPU {found.cpu_s}")
    assert found.missing == 0
    # A measured figure stands in the documentation; this bound only catches a collapse.
    assert found.per_s > 50
