"""Live traces on the pole: taken, kept encrypted, told of at once, and ended by its own clock."""

from __future__ import annotations

import base64
import contextlib
import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import structlog
from cryptography.exceptions import InvalidTag
from joserfc.jwk import OKPKey
from pydantic import ValidationError

from edge_agent.plates import trace as traces
from edge_agent.plates.at_rest import AtRest
from edge_agent.plates.crop import crop_jpeg
from edge_agent.plates.diary_times import Moment
from edge_agent.plates.pattern import Pattern, PatternError
from edge_agent.plates.trace import KeptTrace
from edge_agent.scene import Passage
from edge_agent.uplink.commands import Answer, CommandFailedError, Handler
from wire.codes import explain
from wire.command import Command, TraceBegin, TraceEnd
from wire.plates import PlateRead
from wire.sealed import BootKey, SealError
from wire.tracing import TracedPlate, TraceOrder, TraceSighting

MOST_TRACES: Final = 32
_PURPOSE: Final = b"polewatch traces at rest 1"
_FILE: Final = ".trace"
_MACHINE_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")

log = structlog.get_logger()


class Record(Protocol):
    """Takes what is to stand in the audit."""

    def __call__(self, action: str, *, case: str, code: str | None = None, detail: str) -> None: ...


class TraceError(Exception):
    """A trace that is not taken; `code` is one of wire.codes. Its text never names a plate."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{detail}: {explain(code)}")
        self.code = code
        self.detail = detail


class TraceDesk:
    """Thread-safe. A trace counts once it is on the disk; nothing here blocks a pipeline long."""

    def __init__(
        self,
        folder: Path,
        device_key: OKPKey,
        key: BootKey,
        device: str,
        now: Callable[[], datetime | None],
        monotonic: Callable[[], float],
        record: Record,
        tell: Callable[[TraceSighting], None],
        machine_boot: str | None = None,
    ) -> None:
        """`now` gives None while the box does not know the time; `tell` must not block.

        Raises OSError when `folder` cannot be.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._at_rest = AtRest(device_key, _PURPOSE)
        self._key = key
        self._device = device
        self._now = now
        self._monotonic = monotonic
        self._record = record
        self._tell = tell
        self._machine_boot = machine_boot or _MACHINE_BOOT.read_text().strip()
        self._lock = threading.Lock()
        self._traces = self._load()

    @property
    def ids(self) -> frozenset[str]:
        """The traces that the pole holds."""
        with self._lock:
            return frozenset(self._traces)

    def begin(self, order: TraceOrder) -> str:
        """Trace from now on; the same order again only moves its end by the pole's own clock.

        Raises TraceError, recorded, when it is not taken.
        """
        try:
            fresh = self._take(order)
        except TraceError as error:
            self._record("trace.refused", case=order.case, code=error.code, detail=error.detail)
            raise
        if fresh:
            detail = f"trace {order.trace_id} until {order.expires_at.isoformat()}, {order.basis}"
            self._record("trace.begun", case=order.case, detail=detail)
        return f"trace {order.trace_id} is followed"

    def end(self, trace_id: str, case: str) -> str:
        """Forget a trace; raises TraceError when the disk does not."""
        with self._lock:
            known = self._traces.get(trace_id)
            try:
                self._forget(trace_id)
            except OSError as error:
                raise TraceError("disk.full", f"trace {trace_id}: {error.strerror}") from error
        if known is not None:
            self._record("trace.ended", case=case, detail=f"trace {trace_id} ended by the centre")
        return f"trace {trace_id} is not here"

    def end_expired(self) -> None:
        """Forget those whose time is over by either clock; to be called now and then."""
        now, monotonic_s = self._now(), self._monotonic()
        with self._lock:
            over = [
                one
                for one in self._traces.values()
                if traces.is_over(one, self._machine_boot, monotonic_s, now)
            ]
            for one in over:
                trace_id = one.order.trace_id
                try:
                    self._forget(trace_id)
                except OSError as error:
                    log.error("trace.remove", trace=trace_id, error=error.strerror)
                    continue
                self._record(
                    "trace.ended", case=one.order.case, code="trace.over",
                    detail=f"trace {trace_id} ended by its time",
                )  # fmt: skip

    def heard(self, camera: str, at: Moment, passage: Passage) -> None:
        """A passage was read: told at once for each trace that asks for it."""
        now, monotonic_s = self._now(), self._monotonic()
        with self._lock:
            asking = [
                one
                for one in self._traces.values()
                if traces.counts(one, self._machine_boot, monotonic_s, now)
            ]
        for one in asking:
            found = traces.match(one, camera, passage.read)
            if found is not None:
                self._tell(_sighting(one, camera, at, passage, found, known=now is not None))

    def _take(self, order: TraceOrder) -> bool:
        """Whether it was not here before."""
        named = f"trace {order.trace_id}"
        plate = self._decrypt(order)
        try:
            Pattern.of(plate.pattern, confusable=plate.confusable)
        except PatternError as error:
            raise TraceError("trace.invalid", f"{named}: {error}") from None
        now, monotonic_s = self._now(), self._monotonic()
        kept = KeptTrace(
            order=order, plate=plate, machine_boot=self._machine_boot,
            until_s=monotonic_s + order.lasts_s,
        )  # fmt: skip
        if traces.is_over(kept, self._machine_boot, monotonic_s, now):
            raise TraceError("trace.over", f"{named} ended {order.expires_at.isoformat()}")
        with self._lock:
            known = self._traces.get(order.trace_id)
            if known is None and len(self._traces) >= MOST_TRACES:
                raise TraceError("trace.invalid", f"{named}: {MOST_TRACES} are followed already")
            try:
                self._save(kept)
            except OSError as error:
                raise TraceError("disk.full", f"{named}: {error.strerror}") from error
            self._traces[order.trace_id] = kept
        return known is None

    def _decrypt(self, order: TraceOrder) -> TracedPlate:
        named = f"trace {order.trace_id}"
        try:
            plate = TracedPlate.model_validate_json(self._key.open(order.cipher))
        except SealError as error:
            raise TraceError("trace.invalid", f"{named}: {error}") from error
        except ValidationError:
            # Its text would show what was decrypted.
            raise TraceError("trace.invalid", f"{named}: what was encrypted is no plate") from None
        if (plate.device, plate.trace_id) != (self._device, order.trace_id):
            raise TraceError("trace.invalid", f"{named}: its plate is for another trace")
        return plate

    def _load(self) -> dict[str, KeptTrace]:
        found = {}
        for file in sorted(self._folder.glob(f"*{_FILE}")):
            trace_id = file.name.removesuffix(_FILE)
            try:
                plain = self._at_rest.open(file.read_bytes(), trace_id)
                found[trace_id] = KeptTrace.model_validate_json(plain)
            except (InvalidTag, ValueError):
                # Damaged, or of an earlier identity: no key will ever open it.
                log.error("trace.unreadable", trace=trace_id)
                file.unlink(missing_ok=True)
            except OSError as error:
                log.error("trace.unreadable", trace=trace_id, error=error.strerror)
        for left in self._folder.glob("*.new"):
            left.unlink(missing_ok=True)
        return found

    def _save(self, kept: KeptTrace) -> None:
        trace_id = kept.order.trace_id
        file = self._folder / f"{trace_id}{_FILE}"
        fresh = file.with_suffix(".new")
        sealed = self._at_rest.seal(kept.model_dump_json().encode(), trace_id)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(sealed)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
        self._sync_folder()

    def _forget(self, trace_id: str) -> None:
        (self._folder / f"{trace_id}{_FILE}").unlink(missing_ok=True)
        self._sync_folder()
        self._traces.pop(trace_id, None)

    def _sync_folder(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def trace_handler(desk: TraceDesk) -> Handler:
    """What the commands `trace.begin` and `trace.end` do."""

    def handle(command: Command) -> Answer:
        try:
            match command.action:
                case TraceBegin(trace=order):
                    return Answer(message=desk.begin(order))
                case TraceEnd(trace_id=trace_id, case=case):
                    return Answer(message=desk.end(trace_id, case))
                case _:
                    raise CommandFailedError("command.invalid", "no trace")
        except TraceError as error:
            raise CommandFailedError(error.code, error.detail) from error

    return handle


def _sighting(
    trace: KeptTrace,
    camera: str,
    at: Moment,
    passage: Passage,
    found: traces.Match,
    *,
    known: bool,
) -> TraceSighting:
    crop = None
    with contextlib.suppress(ValueError):
        crop = base64.b64encode(crop_jpeg(passage.crop)).decode()
    read = passage.read
    return TraceSighting(
        trace_id=trace.order.trace_id,
        read=PlateRead(
            text=found.text,
            confidence=min(1.0, max(0.0, read.confidence)),
            at=at.wall,
            camera=camera,
            type=read.type,
            color=read.colour,
            direction=passage.direction,
            vehicle=passage.vehicle,
            paint=passage.paint,
            chance=found.chance,
            near_match=found.near,
        ),
        quality="synchronised" if known else "unsynchronised",
        crop=crop,
    )
