"""The rooms of 112 and 119: whatever comes by MQTT is acknowledged while their programs run."""

from __future__ import annotations

import threading

from tests.support.agencies import MqttAgency

LOOK_S = 0.05


class Answering:
    """A thread that has agencies answer; `said` is what each acknowledged, by its own record."""

    def __init__(self, *agencies: MqttAgency) -> None:
        self._agencies = agencies
        self.said: dict[str, set[tuple[str, int]]] = {one.name: set() for one in agencies}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rooms", daemon=True)
        self._fault: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Raises AssertionError when it ended before."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join(20)
        self.check()

    def check(self) -> None:
        """Raises AssertionError when the thread has failed."""
        assert self._fault is None, f"the rooms answer no more: {self._fault!r}"

    def _run(self) -> None:
        seen: dict[str, tuple[int, str]] = {}
        try:
            while not self._over.wait(LOOK_S):
                for one in self._agencies:
                    if not one.connected:
                        # A broker cuts who was not heard of for long, as on a crowded machine.
                        one.stop()
                        one.start()
                    now = (one.came, one.mode)
                    if seen.get(one.name) != now:
                        one.answer(self.said[one.name])
                        seen[one.name] = now
        except BaseException as error:
            self._fault = error
            raise
