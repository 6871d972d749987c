"""What a stream really is: a few seconds of it, measured."""

from __future__ import annotations

import itertools
import statistics
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from provisioning.discover.soap import Login
from provisioning.problems import ProvisionError
from wire.clock import Clock

if TYPE_CHECKING:
    import av.container

OPEN_TIMEOUT_S = 6.0
SILENCE_TIMEOUT_S = 5.0
B_SHARE = 0.05
"""Of the packets that step back in time, before it counts as B-frames."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A stream's figures."""

    codec: str
    width: int
    height: int
    fps: float
    gop_s: float | None
    """Seconds between keyframes; None when fewer than two came."""
    watched_s: float
    b_frames: bool
    audio: bool
    bits_per_s: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One packet: its times in seconds, whether it is a keyframe, its size."""

    pts_s: float
    keyframe: bool
    size: int


def measure(url: str, login: Login | None, seconds: float, clock: Clock) -> Measured:
    """Watch `url` (without credentials) for `seconds`; raises ProvisionError, never naming them."""
    import av
    import av.error

    where = urlsplit(url)
    port = f":{where.port}" if where.port else ""
    shown = f"{where.scheme}://{where.hostname}{port}{where.path}"
    try:
        with av.open(
            _with_login(url, login),
            options={"rtsp_transport": "tcp"},
            timeout=(OPEN_TIMEOUT_S, SILENCE_TIMEOUT_S),
        ) as container:
            if not container.streams.video:
                raise ProvisionError("camera.not-video", shown)
            return _watch(container, seconds, clock)
    except (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError) as error:
        raise ProvisionError("camera.unauthorized", shown) from error
    except av.error.HTTPNotFoundError as error:
        raise ProvisionError("camera.not-found", shown) from error
    except (av.error.FFmpegError, OSError) as error:
        # libav's own text repeats the URL, password and all.
        raise ProvisionError("camera.unreachable", f"{shown} ({type(error).__name__})") from None


def _watch(container: av.container.InputContainer, seconds: float, clock: Clock) -> Measured:
    stream = container.streams.video[0]
    base = float(stream.time_base or Fraction(1, 90_000))
    seen: list[Seen] = []
    began = clock.monotonic()
    for packet in container.demux(stream):
        if packet.size and packet.pts is not None:
            seen.append(Seen(packet.pts * base, packet.is_keyframe, packet.size))
        if clock.monotonic() - began >= seconds:
            break
    context: Any = stream.codec_context
    return figures(seen, context.name, context.width, context.height, bool(container.streams.audio))


def figures(seen: list[Seen], codec: str, width: int, height: int, audio: bool) -> Measured:
    """The figures of packets in the order of arrival.

    A camera may set its times back once, when another viewer comes; so times are taken from the
    usual step, and only stepping back again and again tells of B-frames.
    """
    times = sorted({packet.pts_s for packet in seen})
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    step = statistics.median(steps) if steps else 0.0
    span = len(seen) * step
    keys = [place for place, packet in enumerate(seen) if packet.keyframe]
    gops = [later - earlier for earlier, later in itertools.pairwise(keys)]
    back = sum(later.pts_s < earlier.pts_s for earlier, later in itertools.pairwise(seen))
    return Measured(
        codec=codec,
        width=width,
        height=height,
        fps=round(1 / step, 2) if step else 0.0,
        gop_s=round(max(gops) * step, 2) if gops else None,
        watched_s=round(span, 2),
        b_frames=back >= max(2, len(seen) * B_SHARE),
        audio=audio,
        bits_per_s=round(8 * sum(packet.size for packet in seen) / span) if span else 0.0,
    )


def _with_login(url: str, login: Login | None) -> str:
    if login is None:
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{quote(login.user, safe='')}:{quote(login.password, safe='')}@{rest}"
