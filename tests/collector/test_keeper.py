"""Who leads devices leaves one alone that refused, until its pause is over or it comes back."""

from __future__ import annotations

from collector.commander import CommandError
from collector.keeper import Keeper
from wire.clock import SimulatedClock


class Leading(Keeper[str]):
    """Leads two devices, of which one refuses."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__("leading", clock, every_s=5, again_s=60, at_once=2)
        self.refusing = {"b"}
        self.taken: list[str] = []
        self.left = ["a", "b"]

    def _due(self) -> list[str]:
        return [one for one in self.left if not self._pauses(one)]

    async def _take(self, step: str) -> None:
        if step in self.refusing:
            raise CommandError("device.silent", step)
        self.taken.append(step)
        self.left.remove(step)

    def _failed(self, step: str, error: CommandError) -> None:
        assert error.code == "device.silent"
        self._pause(step)


def test_a_device_that_refused_is_led_on_after_its_pause() -> None:
    clock = SimulatedClock()
    leading = Leading(clock)
    assert leading.round()
    leading.refusing.clear()
    clock.advance(59)
    assert not leading.round()
    clock.advance(1)
    assert leading.round()
    assert leading.taken == ["a", "b"]


def test_one_that_comes_back_is_led_on_at_once_and_another_goes_on_pausing() -> None:
    clock = SimulatedClock()
    leading = Leading(clock)
    leading.refusing = {"a", "b"}
    assert leading.round()
    leading.refusing.clear()
    leading.device_came("b")
    assert leading.round()
    assert leading.taken == ["b"]
