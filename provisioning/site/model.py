"""The site file of one pole."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import Field, field_validator, model_validator

from provisioning.problems import ProvisionError
from wire.names import Name, Shard
from wire.settings import Settings, SettingsError, load_settings

UplinkKind = Literal["fibre", "lte", "other"]
WATCHED = {"zones", "lines", "rules", "analysis_fps", "drill"}
"""Of a camera in agent.yaml, what a site file may say; the agent's own model checks it."""
UPLINKS: tuple[UplinkKind, ...] = get_args(UplinkKind)


class Position(Settings):
    """Where the pole stands, WGS 84."""

    latitude: float = Field(ge=-90, le=90, description="Degrees north, about 33 to 39 in Korea.")
    longitude: float = Field(ge=-180, le=180, description="Degrees east, about 124 to 132.")


class Uplink(Settings):
    """How the pole reaches the centre."""

    kind: UplinkKind = Field("fibre", description="fibre, lte or other.")
    bytes_per_s: int | None = Field(
        None, ge=1_000, description="What MQTT may use of it; no bound when left out."
    )


class Centre(Settings):
    """Where the collector's broker is."""

    host: str = Field(min_length=1, max_length=253, description="Name in its certificate.")
    port: int = Field(8883, ge=1, le=65535, description="Its TLS port.")


class SiteCamera(Settings):
    """One camera of the pole."""

    id: Name = Field(description="The camera's name, unique on this pole.")
    url: str = Field(description="RTSP URL of the main stream, without user and password.")
    sub_url: str | None = Field(None, description="RTSP URL of the H.264 substream.")
    credentials: Name | None = Field(
        None, description="Name of the stored user and password; never the words themselves."
    )
    watch: dict[str, Any] | None = Field(
        None, description="What it watches for: zones, lines, rules as in agent.yaml."
    )

    @field_validator("watch")
    @classmethod
    def _known(cls, watch: dict[str, Any] | None) -> dict[str, Any] | None:
        if unknown := sorted(set(watch or {}) - WATCHED):
            raise ValueError(f"may hold {', '.join(sorted(WATCHED))}; not {', '.join(unknown)}")
        return watch

    @field_validator("url", "sub_url")
    @classmethod
    def _usable(cls, url: str | None) -> str | None:
        if url is not None and (wrong := wrong_url(url)):
            raise ValueError(wrong)
        return url


class Site(Settings):
    """The whole file."""

    city: Name = Field(description="The city's name in topics.")
    pole: Name = Field(description="The pole's asset number; its boxes are named after it.")
    position: Position
    address: str = Field("", max_length=200, description="For people.")
    time_zone: str = Field("Asia/Seoul", description="IANA name.")
    shard: Shard | None = Field(None, description="Fixed at enrolment; left out before.")
    uplink: Uplink = Uplink()
    collector: Centre
    profile: Name | None = Field(
        None, description="Kind of box, as `profile` in agent.yaml; the agent's model checks it."
    )
    cameras: tuple[SiteCamera, ...] = Field(min_length=1, max_length=64)

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        if not is_zone(name):
            raise ValueError("is no IANA time zone such as Asia/Seoul")
        return name

    @model_validator(mode="after")
    def _distinct(self) -> Site:
        ids = [camera.id for camera in self.cameras]
        doubles = sorted({one for one in ids if ids.count(one) > 1})
        if doubles:
            raise ValueError(f"camera ids stand twice: {', '.join(doubles)}")
        return self


def load_site(path: Path) -> Site:
    """Read a site file; raises ProvisionError with every mistake, a line each."""
    try:
        return load_settings(path, Site)
    except SettingsError as error:
        raise ProvisionError("site.invalid", str(error)) from error


def site_text(site: Site) -> str:
    """The file's text; the same site gives the same text."""
    return yaml.safe_dump(
        site.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True
    )


def wrong_url(url: str) -> str | None:
    """Why it is no RTSP URL as it may stand in a file; the URL itself is not repeated."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("rtsp", "rtsps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        return "must be an RTSP URL such as rtsp://192.168.0.64:554/stream1"
    if "@" in parts.netloc:
        return "must not hold user and password; store them and name them by 'credentials'"
    return None


def is_zone(name: str) -> bool:
    """Whether it is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
