"""The pole's facilities in its configuration: what they are, how they are switched, and when."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from wire.camera_rules import ScheduleSpec
from wire.facility import SWITCHED, FacilityKind
from wire.names import Name
from wire.settings import Settings, SettingsPath


class GpioPins(Settings):
    """Pins of the box itself, by their BCM numbers."""

    pin: int = Field(ge=0, le=27, description="Output to a relay, or input from a contact.")
    active_high: bool = Field(True, description="Whether a high level means on, or pressed.")
    readback_pin: int | None = Field(
        None, ge=0, le=27, description="Input from the relay's second contact: high when it is on."
    )


class HttpRelay(Settings):
    """A relay in the pole's own network, asked by HTTP GET."""

    on_url: str = Field(
        description="{seconds} is replaced by the time after which it ends by itself."
    )
    off_url: str = Field(description="Switches it off.")
    state_url: str | None = Field(
        None, description="Answers JSON; without it nothing is read back."
    )
    state_key: str = Field("ison", description="Of that JSON, with points: true when it is on.")
    timeout_s: float = Field(2.0, gt=0, le=10, description="How long it may take to answer.")

    @field_validator("on_url", "off_url", "state_url")
    @classmethod
    def _without_secrets(cls, url: str | None) -> str | None:
        if url is not None:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
                raise ValueError(
                    "must be http://host/… or https://host/…, without user or password"
                )
        return url


class Sounds(Settings):
    """Recorded announcements, played by a program of the box."""

    files: dict[Name, SettingsPath] = Field(
        min_length=1, max_length=50, description="Sound files by the name that calls them."
    )
    player: tuple[str, ...] = Field(
        ("aplay", "-q"), min_length=1, description="The program; the file's path comes last."
    )


class Switching(Settings):
    """A finding that switches it on."""

    types: tuple[str, ...] = Field(min_length=1, description="Of findings, or `bell`.")
    cameras: tuple[Name, ...] = Field((), description="Left out: every camera.")
    dark: bool = Field(False, description="Only while the light sensor says that it is dark.")
    schedule: tuple[ScheduleSpec, ...] = Field((), description="Left out: always.")
    seconds: float = Field(60.0, gt=0, le=3600, description="How long from the last finding.")
    announcement: Name | None = Field(None, description="What a speaker says.")


class FacilitySettings(Settings):
    """One facility. It is off at the start and at the end, and never on for longer than it may."""

    id: Name = Field(description="Unique on this box.")
    kind: FacilityKind = Field(description="What it is.")
    title: str = Field(min_length=1, max_length=80, description="As operators call it.")
    gpio: GpioPins | None = Field(None, description="By a pin of the box …")
    relay: HttpRelay | None = Field(None, description="… or by a relay in the network …")
    sounds: Sounds | None = Field(None, description="… or a speaker.")
    longest_on_s: float = Field(
        300.0, gt=0, le=43_200, description="It goes off then, whoever wants it on."
    )
    rest_s: float = Field(1.0, ge=0, le=3600, description="It stays off for so long between.")
    most_a_minute: int = Field(6, ge=1, le=60, description="So often it is switched on.")
    camera: Name | None = Field(None, description="Of a bell: the camera that sees it.")
    on: tuple[Switching, ...] = Field((), max_length=20, description="What switches it by itself.")

    @model_validator(mode="after")
    def _whole(self) -> FacilitySettings:
        ways = [one for one in (self.gpio, self.relay, self.sounds) if one is not None]
        if len(ways) != 1:
            raise ValueError("needs one of gpio, relay and sounds")
        if (self.kind == "speaker") != (self.sounds is not None):
            raise ValueError("sounds is for a speaker, and a speaker needs it")
        if self.kind not in SWITCHED and (self.gpio is None or self.on):
            raise ValueError(
                f"a {self.kind} is an input: it has gpio alone, and nothing switches it"
            )
        if (self.kind == "bell") != (self.camera is not None):
            raise ValueError("camera is for a bell, and a bell needs it")
        known = self.sounds.files if self.sounds else {}
        for one in self.on:
            if self.kind == "speaker" and one.announcement not in known:
                raise ValueError(f"on: announcement must be one of {', '.join(sorted(known))}")
        return self
