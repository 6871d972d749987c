"""What an export takes of a ring, one GOP in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from edge_agent.camera.nal import Codec
from edge_agent.camera.packet import TICKS
from edge_agent.clips.access_unit import AccessUnit
from edge_agent.clips.evidence.mark import VTT, Mark, webvtt
from edge_agent.clips.evidence.media import MediaError
from edge_agent.clips.evidence.recorded import RecordedGop
from edge_agent.clips.evidence.statement import file_sha256
from edge_agent.clips.evidence.still import jpeg_of
from wire.event import TimeQuality
from wire.evidence import Attached, Unproven

MOST_STILLS = 60


class ExportError(Exception):
    """A span that cannot be exported; names the camera, the span and the remedy."""


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What is asked for, for whom and why; the words of the ledger of provision."""

    camera: str
    from_at: datetime
    to_at: datetime
    case: str
    recipient: str = ""
    purpose: str = ""
    basis: str = ""
    exporter: str = ""
    """Who exports it; a person's own signature comes on top."""
    grant: str | None = None
    mark: bool = False
    """Whether a visible mark with case and recipient goes with it."""
    stills_at: tuple[datetime, ...] = ()
    """Moments within the span of which a picture is wanted too."""
    zone: tzinfo = UTC
    """In which the mark tells the time."""

    def check(self) -> None:
        """Raises ExportError for what nobody can want."""
        if self.to_at <= self.from_at:
            raise ExportError(f"the span ends at {self.to_at}, before it begins; swap the two")
        if len(self.stills_at) > MOST_STILLS:
            raise ExportError(f"at most {MOST_STILLS} stills in one export; make a second one")


@dataclass(frozen=True, slots=True)
class TakenGop:
    """What the manifest says of a GOP that is exported."""

    token: str
    since_90k: tuple[int, ...]
    start_at: datetime
    last_at: datetime
    time_quality: TimeQuality
    codec: Codec


class Harvest:
    """Hands out the pictures of the good GOPs, and keeps in mind what the manifest must say."""

    def __init__(self, order: ExportOrder, folder: Path) -> None:
        """Stills and the mark are written into `folder`."""
        self._order = order
        self._folder = folder
        self._mark = (
            Mark(order.case, order.recipient, order.camera, order.zone) if order.mark else None
        )
        self._good: list[TakenGop] = []
        self._spans: list[tuple[datetime, datetime, int]] = []
        self._unproven: list[Unproven] = []
        self._stills: dict[int, Attached] = {}
        self._shown: list[tuple[float, datetime]] = []

    @property
    def good(self) -> list[TakenGop]:
        """What was exported; raises ExportError when that is nothing."""
        if self._good:
            return self._good
        order = self._order
        span = f"{order.camera} from {order.from_at} to {order.to_at}"
        if not self._spans:
            raise ExportError(
                f"nothing of {span} is recorded; see what is there by 'polewatch agent top'"
            )
        raise ExportError(
            f"{len(self._spans)} GOPs of {span} are recorded, but none has a signed root that fits;"
            " if it is recorded just now, wait for the next keyframe"
        )

    def units(self, found: Iterable[RecordedGop]) -> Iterator[AccessUnit]:
        """The pictures of those GOPs whose signed root holds. Raises ExportError."""
        zero: int | None = None
        for gop in found:
            start, end = gop.units[0].at, gop.ends_at
            self._spans.append((start, end, len(gop.units)))
            if gop.problem is not None:
                self._unproven.append(Unproven(start_at=start, end_at=end, reason=gop.problem))
            if gop.token is None or gop.time_quality is None:
                continue
            self._take(gop, gop.token, gop.time_quality)
            zero = gop.units[0].dts_90k if zero is None else zero
            if self._mark is not None:
                self._shown += [((one.pts_90k - zero) / TICKS, one.at) for one in gop.units]
            yield from gop.units

    def attached(self) -> tuple[Attached, ...]:
        """What lies beside the clip; raises ExportError when a still's moment is not in it."""
        for number, at in enumerate(self._order.stills_at):
            if number not in self._stills:
                raise ExportError(
                    f"no picture of {self._order.camera} at {at} is in what is exported"
                )
        stills = tuple(self._stills[number] for number in sorted(self._stills))
        if self._mark is None or not self._good:
            return stills
        path = self._folder / VTT
        text = webvtt(self._mark, self._good[0].start_at, sorted(self._shown))
        path.write_text(text, encoding="utf-8")
        return (Attached(file=VTT, sha256=file_sha256(path), kind="mark"), *stills)

    def missing(self) -> tuple[Unproven, ...]:
        """The parts of the span that the export does not hold, oldest first."""
        holes: list[Unproven] = []
        reached = self._order.from_at
        for start, end, pictures in self._spans:
            # Two pictures apart is the camera's own pace; more is a hole.
            if start - reached > 2 * (end - start) / pictures and start > self._order.from_at:
                holes.append(Unproven(start_at=reached, end_at=start, reason="not-recorded"))
            reached = max(reached, end)
        if reached < self._order.to_at:
            holes.append(
                Unproven(start_at=reached, end_at=self._order.to_at, reason="not-recorded")
            )
        return tuple(sorted([*holes, *self._unproven], key=lambda one: one.start_at))

    def _take(self, gop: RecordedGop, token: str, quality: TimeQuality) -> None:
        codec = gop.units[0].codec
        if self._good and self._good[-1].codec != codec:
            raise ExportError(
                f"{self._order.camera} changed its codec within the span;"
                " export the two parts by themselves"
            )
        last_at = max(unit.at for unit in gop.units)
        self._good.append(TakenGop(token, gop.since_90k, gop.units[0].at, last_at, quality, codec))
        for number, at in enumerate(self._order.stills_at):
            if gop.units[0].at <= at < gop.ends_at:
                self._stills[number] = self._still(gop, at, number)

    def _still(self, gop: RecordedGop, at: datetime, number: int) -> Attached:
        try:
            jpeg, shown_at = jpeg_of(gop.units, at, self._mark)
        except MediaError as error:
            raise ExportError(f"{self._order.camera}: {error}") from error
        path = self._folder / f"still-{number + 1}.jpg"
        path.write_bytes(jpeg)
        return Attached(file=path.name, sha256=file_sha256(path), kind="still", shown_at=shown_at)
