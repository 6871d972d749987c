"""What an ONVIF device (Profile S) says of itself: clock, make, channels and their streams."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from provisioning.discover import soap
from provisioning.discover.find import on_host
from provisioning.discover.soap import Login
from provisioning.problems import ProvisionError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_MEDIA = "http://www.onvif.org/ver10/media/wsdl"
_SCHEMA = "http://www.onvif.org/ver10/schema"
MAX_PROFILES = 512
_LOGIN_IN_QUERY = re.compile(r"[?&;_/](?:pass(?:word|wd)?|pwd|user(?:name)?)=", re.I)


@dataclass(frozen=True, slots=True)
class Stream:
    """One profile of a channel, as the device describes it."""

    token: str
    encoding: str
    width: int
    height: int
    url: str


@dataclass(frozen=True, slots=True)
class Channel:
    """One picture source: a camera has one, a recorder has many."""

    source: str
    streams: tuple[Stream, ...]
    """The largest picture first."""

    @property
    def main(self) -> Stream:
        return self.streams[0]

    @property
    def sub(self) -> Stream | None:
        """The largest H.264 stream that is smaller than the main one."""
        area = self.main.width * self.main.height
        smaller = [one for one in self.streams[1:] if one.width * one.height < area]
        h264 = [one for one in smaller if one.encoding.upper() == "H264"]
        return next(iter(h264 or smaller), None)


@dataclass(frozen=True, slots=True)
class Described:
    """A device."""

    host: str
    maker: str
    model: str
    firmware: str
    clock_off_s: float | None
    """How far its clock is ahead of ours; None when it does not tell."""
    channels: tuple[Channel, ...]


def describe(service: str, login: Login | None, now: Callable[[], datetime]) -> Described:
    """Ask a device service for everything; raises ProvisionError."""
    try:
        host = urlsplit(service).hostname or ""
    except ValueError as error:
        raise ProvisionError("camera.unreachable", f"{service[:80]} is no URL") from error
    asked = now()
    answer = _clock(service, login, asked)
    theirs = device_time(answer)
    off = None if theirs is None else (theirs - asked).total_seconds()

    def ask(url: str, body: str) -> Element:
        # By the camera's own clock: a digest of another time is refused.
        return soap.call(url, body, login, now() + timedelta(seconds=off or 0))

    info = ask(service, f'<GetDeviceInformation xmlns="{_DEVICE}"/>')
    body = f'<GetCapabilities xmlns="{_DEVICE}"><Category>Media</Category></GetCapabilities>'
    media = soap.text(ask(service, body), "Media", "XAddr")
    if not media:
        raise ProvisionError("camera.onvif", f"{service}: it has no media service")
    media = on_host(media, host)
    profiles = ask(media, f'<GetProfiles xmlns="{_MEDIA}"/>')
    found: dict[str, list[Stream]] = {}
    for profile in list(soap.elements(profiles, "Profiles"))[:MAX_PROFILES]:
        stream = _stream(profile, lambda token: _uri(ask, media, token, host))
        if stream is not None:
            source = soap.text(profile, "VideoSourceConfiguration", "SourceToken")
            found.setdefault(source, []).append(stream)
    channels = tuple(
        Channel(source, tuple(sorted(streams, key=lambda s: -s.width * s.height)))
        for source, streams in found.items()
    )
    if not channels:
        raise ProvisionError("camera.onvif", f"{service}: it has no video profile")
    return Described(
        host=host,
        maker=soap.text(info, "Manufacturer")[:80],
        model=soap.text(info, "Model")[:80],
        firmware=soap.text(info, "FirmwareVersion")[:80],
        clock_off_s=off,
        channels=channels,
    )


def _clock(service: str, login: Login | None, asked: datetime) -> Element:
    """Asked without a login, as its digest needs the answer; some want one all the same."""
    body = f'<GetSystemDateAndTime xmlns="{_DEVICE}"/>'
    try:
        return soap.call(service, body, None, asked)
    except ProvisionError as problem:
        if login is None or problem.code != "camera.unauthorized":
            raise
        return soap.call(service, body, login, asked)


def device_time(answer: Element) -> datetime | None:
    """The UTC time of a GetSystemDateAndTime answer; None when it tells none that can be."""
    parts = [
        soap.text(answer, "UTCDateTime", group, part)
        for group, names in (
            ("Date", ("Year", "Month", "Day")),
            ("Time", ("Hour", "Minute", "Second")),
        )
        for part in names
    ]
    try:
        year, month, day, hour, minute, second = map(int, parts)
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _stream(profile: Element, uri: Callable[[str], str]) -> Stream | None:
    encoder = next(soap.elements(profile, "VideoEncoderConfiguration"), None)
    token = profile.get("token", "")
    if encoder is None or not token:
        return None
    sizes = [soap.text(encoder, "Resolution", side) for side in ("Width", "Height")]
    width, height = (int(size) if size.isascii() and size.isdigit() else 0 for size in sizes)
    return Stream(token[:64], soap.text(encoder, "Encoding"), width, height, uri(token))


def _uri(ask: Callable[[str, str], Element], media: str, token: str, host: str) -> str:
    body = (
        f'<GetStreamUri xmlns="{_MEDIA}"><StreamSetup><Stream xmlns="{_SCHEMA}">RTP-Unicast'
        f'</Stream><Transport xmlns="{_SCHEMA}"><Protocol>RTSP</Protocol></Transport>'
        f"</StreamSetup><ProfileToken>{escape(token)}</ProfileToken></GetStreamUri>"
    )
    url = soap.text(ask(media, body), "Uri")
    try:
        usable = urlsplit(url).scheme in ("rtsp", "rtsps") and bool(urlsplit(url).hostname)
        moved = on_host(url, host) if usable else ""
    except ValueError:
        moved = ""
    if not moved:
        raise ProvisionError("camera.bad-url", f"{host}, profile {token[:64]}")
    if _LOGIN_IN_QUERY.search(moved):
        raise ProvisionError("camera.bad-url", f"{host} puts user and password into its URL")
    return moved
