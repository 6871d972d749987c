"""Times of a pole that did not know the time: marked, and set right later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from collector.clocks import boot_began, corrected, doubtful
from tests.support.device import SimDevice, finding
from tests.support.intake import WayIn
from tests.wire.samples import SAMPLES
from wire.event import Event
from wire.health import Health
from wire.names import new_id

LONG_AGO = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)


def lost(boot: str, monotonic_s: float, *, phase: str = "open", finding_id: str = "") -> Event:
    """A finding of a pole that takes the present for 1970."""
    at = LONG_AGO + timedelta(seconds=monotonic_s)
    one = finding(at=at, boot_id=boot, phase=phase, finding_id=finding_id or new_id())
    times = one.times.model_copy(update={"quality": "unsynchronised", "monotonic_s": monotonic_s})
    return one.model_copy(update={"times": times})


def health(boot: str, at: datetime, monotonic_s: float, quality: str = "synchronised") -> Health:
    assert isinstance(SAMPLES["health"], Health)
    return SAMPLES["health"].model_copy(
        update={"boot_id": boot, "at": at, "monotonic_s": monotonic_s, "quality": quality}
    )


def say(way_in: WayIn, device: SimDevice, message: Health) -> None:
    token = device.sign(device.wrap(message, "health"))
    way_in.take((device.address.health(), token))


def test_a_clock_that_is_kept_tells_when_its_boot_began() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert boot_began(health("b", now, 600)) == now - timedelta(minutes=10)
    assert boot_began(health("b", now, 600, "unsynchronised")) is None
    event = lost(new_id(), 300, phase="close")
    right = corrected(event, now - timedelta(minutes=10))
    assert right.times.observed_at == now - timedelta(minutes=5)
    assert right.times.ended_at == now - timedelta(minutes=5)
    assert right.clip == event.clip


@pytest.mark.parametrize(("ahead_s", "expected"), [(0, False), (500, False), (700, True)])
def test_a_time_in_the_future_is_doubted_whatever_it_says(ahead_s: float, expected: bool) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert doubtful(finding(at=now + timedelta(seconds=ahead_s)).times, now) is expected


def test_times_are_marked_and_set_right_when_the_clock_is_known(way_in: WayIn) -> None:
    device, boot, key = way_in.device(), new_id(), new_id()
    way_in.events(device, device.put(lost(boot, 100, finding_id=key)))
    way_in.events(device, device.put(lost(boot, 160, phase="close", finding_id=key)))
    assert way_in.rows("SELECT state FROM incident_clock") == [("doubtful",)]
    assert str(way_in.rows("SELECT opened_at FROM incident")[0][0]).startswith("1970-01-01")
    now = datetime.now(UTC)
    say(way_in, device, health(boot, now, 400, "unsynchronised"))
    assert way_in.rows("SELECT state FROM incident_clock") == [("doubtful",)]
    say(way_in, device, health(boot, now, 400))
    ((opened, ended, revision),) = way_in.rows("SELECT opened_at, ended_at, revision FROM incident")
    assert datetime.fromisoformat(str(opened)) == now - timedelta(seconds=300)
    assert datetime.fromisoformat(str(ended)) == now - timedelta(seconds=240)
    assert revision == 3
    assert way_in.rows("SELECT state FROM incident_clock") == [("corrected",)]
    # What comes later of the same boot is set right at once.
    way_in.events(device, device.put(lost(boot, 4000)))
    times = [
        datetime.fromisoformat(str(r[0])) for r in way_in.rows("SELECT opened_at FROM incident")
    ]
    assert max(times) == now + timedelta(seconds=3600)
    notes = [r[0] for r in way_in.rows("SELECT note FROM incident_step WHERE note IS NOT NULL")]
    assert notes == [
        "its times rest on a clock that nothing kept",
        "times set right: the pole's clock is known now",
    ]
