"""What a day on the line comes to, out of two runs of the agent."""

from __future__ import annotations

import pytest

from polewatch.bench.uplink import Sent, UplinkBench, kept

IDLE = Sent(seconds=100.0, messages=0, mqtt_bytes=30_000, camera_bytes=10_000_000)
BUSY = Sent(seconds=100.0, messages=10, mqtt_bytes=230_000, camera_bytes=10_000_000)


def test_a_finding_is_what_the_busy_run_sent_more() -> None:
    found = UplinkBench("street.mp4", IDLE, BUSY)
    assert found.idle_day == pytest.approx(25.92e6)
    assert found.finding == pytest.approx(40_000)
    assert found.day == pytest.approx(25.92e6 + 20 * 40_000)
    assert found.camera_day == pytest.approx(8640e6)


def test_a_run_without_findings_says_nothing_of_one() -> None:
    found = UplinkBench("street.mp4", IDLE, IDLE)
    assert found.finding is None
    assert found.day is None
    figures = {one.label: one.value for one in kept(found, "it").figures}
    assert figures["a finding"] is None
