"""Ways to switch something and to see whether it is switched."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Protocol

from edge_agent.facilities.settings import FacilitySettings, GpioPins, HttpRelay, Sounds

MOST_BYTES = 64 * 1024


class OutputError(Exception):
    """It could not be switched or asked; says what to look at."""


class Output(Protocol):
    """One thing; all calls come from one thread at a time."""

    def on(self, seconds: float, announcement: str | None) -> None:
        """Switch it on; where it can, it ends by itself after that. Raises OutputError."""
        ...

    def off(self) -> None:
        """Switch it off; raises OutputError."""
        ...

    def is_on(self) -> bool | None:
        """What is read back; None: it has no way to tell. Raises OutputError."""
        ...

    def close(self) -> None:
        """Nothing is switched any more."""
        ...


class GpioOutput:
    """A pin of the box. The kernel takes it back, and so off, when the process ends."""

    def __init__(self, pins: GpioPins) -> None:
        """Raises OutputError."""
        gpio = _gpiozero()
        try:
            self._out = gpio.DigitalOutputDevice(
                pins.pin, active_high=pins.active_high, initial_value=False
            )
            self._back = (
                None
                if pins.readback_pin is None
                else gpio.DigitalInputDevice(pins.readback_pin, pull_up=False)
            )
        except (gpio.GPIOZeroError, OSError) as error:
            raise OutputError(f"pin {pins.pin} cannot be used: {error}") from None

    def on(self, seconds: float, announcement: str | None) -> None:  # noqa: ARG002  # of Output
        self._out.on()

    def off(self) -> None:
        self._out.off()

    def is_on(self) -> bool | None:
        return None if self._back is None else bool(self._back.value)

    def close(self) -> None:
        self._out.off()
        self._out.close()
        if self._back is not None:
            self._back.close()


class RelayOutput:
    """A relay in the network."""

    def __init__(self, relay: HttpRelay) -> None:
        self._relay = relay

    def on(self, seconds: float, announcement: str | None) -> None:  # noqa: ARG002  # of Output
        self._get(self._relay.on_url.replace("{seconds}", str(max(1, round(seconds)))))

    def off(self) -> None:
        self._get(self._relay.off_url)

    def is_on(self) -> bool | None:
        if self._relay.state_url is None:
            return None
        try:
            found: Any = json.loads(self._get(self._relay.state_url))
            for key in self._relay.state_key.split("."):
                found = found[int(key)] if isinstance(found, list) else found[key]
        except (ValueError, KeyError, TypeError, IndexError):
            raise OutputError(f"the relay's state has no {self._relay.state_key}") from None
        return found in (True, 1, "on", "ON")

    def close(self) -> None:
        self.off()

    def _get(self, url: str) -> bytes:
        try:
            with urllib.request.urlopen(url, timeout=self._relay.timeout_s) as answer:
                return bytes(answer.read(MOST_BYTES))
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise OutputError(f"the relay does not answer: {error}") from None


class SoundOutput:
    """Announcements: on while one is played."""

    def __init__(self, sounds: Sounds) -> None:
        self._sounds = sounds
        self._playing: subprocess.Popen[bytes] | None = None

    def on(self, seconds: float, announcement: str | None) -> None:  # noqa: ARG002  # of Output
        file = self._sounds.files.get(announcement or next(iter(self._sounds.files)))
        if file is None:
            raise OutputError(f"there is no announcement {announcement}")
        if not file.is_file():
            raise OutputError(f"there is no file {file}")
        self.off()
        try:
            self._playing = subprocess.Popen(
                [*self._sounds.player, str(file)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise OutputError(f"{self._sounds.player[0]} cannot be run: {error}") from None

    def off(self) -> None:
        if self._playing is not None and self._playing.poll() is None:
            self._playing.kill()
            self._playing.wait()
        self._playing = None

    def is_on(self) -> bool | None:
        return self._playing is not None and self._playing.poll() is None

    def close(self) -> None:
        self.off()


class Contact:
    """An input: a bell's button, or a sensor's contact."""

    def __init__(self, pins: GpioPins, changed: Callable[[bool], None] | None = None) -> None:
        """`changed(active)` is called from a thread of its own. Raises OutputError."""
        gpio = _gpiozero()
        try:
            self._in = gpio.DigitalInputDevice(
                pins.pin, pull_up=not pins.active_high, bounce_time=0.02
            )
        except (gpio.GPIOZeroError, OSError) as error:
            raise OutputError(f"pin {pins.pin} cannot be used: {error}") from None
        if changed is not None:
            self._in.when_activated = lambda: changed(True)
            self._in.when_deactivated = lambda: changed(False)

    @property
    def active(self) -> bool:
        return bool(self._in.value)

    def close(self) -> None:
        self._in.close()


def open_output(one: FacilitySettings) -> Output:
    """Its output, off; raises OutputError."""
    if one.gpio is not None:
        return GpioOutput(one.gpio)
    if one.relay is not None:
        return RelayOutput(one.relay)
    assert one.sounds is not None, "its model says so"
    return SoundOutput(one.sounds)


def _gpiozero() -> Any:
    """Only boxes with pins need it; raises OutputError."""
    try:
        import gpiozero
    except ImportError:
        raise OutputError("gpiozero is not installed; run: pip install gpiozero lgpio") from None
    return gpiozero
