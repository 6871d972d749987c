"""One device surveyed: described, every channel measured and advised on, and put into a site."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from provisioning.discover.advice import Advice, advise
from provisioning.discover.onvif import Channel, Described
from provisioning.discover.rtsp import Measured
from provisioning.problems import ProvisionError
from provisioning.site.model import Site, SiteCamera

AT_ONCE = 4
"""A recorder plays only a few streams at the same time."""
Measure = Callable[[str], Measured]


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A channel with its figures, or why there are none."""

    host: str
    channel: Channel
    main: Measured | None
    sub: Measured | None
    advice: tuple[Advice, ...]
    problem: ProvisionError | None = None

    def as_json(self) -> dict[str, object]:
        streams = {"main": self.channel.main, "sub": self.channel.sub}
        return {
            "host": self.host,
            "source": self.channel.source,
            "urls": {name: one.url for name, one in streams.items() if one is not None},
            "main": None if self.main is None else asdict(self.main),
            "sub": None if self.sub is None else asdict(self.sub),
            "advice": [ProvisionError(one.code, one.detail).as_json() for one in self.advice],
            **({} if self.problem is None else self.problem.as_json()),
        }


def survey(device: Described, measure: Measure) -> tuple[Surveyed, ...]:
    """Measure every channel; one that fails does not stop the others."""

    def one(channel: Channel) -> Surveyed:
        try:
            main = measure(channel.main.url)
            sub = None if channel.sub is None else measure(channel.sub.url)
        except ProvisionError as problem:
            return Surveyed(device.host, channel, None, None, (), problem)
        return Surveyed(device.host, channel, main, sub, advise(main, sub, device.clock_off_s))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(one, device.channels))


def into_site(site: Site, found: Sequence[Surveyed], credentials: str | None) -> Site:
    """The site with every channel that was measured; cameras that it has keep their names.

    Raises ProvisionError when there are more than a site may have.
    """
    cameras = {camera.id: camera for camera in site.cameras}
    by_url = {camera.url: camera.id for camera in site.cameras}
    for one in found:
        if one.main is None:
            continue
        url, sub = one.channel.main.url, one.channel.sub
        # Only H.264 is analysed from a substream.
        usable = sub.url if sub is not None and one.sub and one.sub.codec == "h264" else None
        known = by_url.get(url)
        name = known or _free_name(cameras)
        old = cameras.get(name)
        kept = credentials or (old.credentials if old else None)
        cameras[name] = SiteCamera(id=name, url=url, sub_url=usable, credentials=kept)
        by_url[url] = name
    if len(cameras) > 64:
        raise ProvisionError("site.invalid", f"{site.pole} would have {len(cameras)} cameras")
    return site.model_copy(update={"cameras": tuple(cameras.values())})


def _free_name(cameras: dict[str, SiteCamera]) -> str:
    number = 1
    while f"cam-{number}" in cameras:
        number += 1
    return f"cam-{number}"
