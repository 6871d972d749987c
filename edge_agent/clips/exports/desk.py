"""Makes exports one at a time, each in a process and a folder of its own, and forgets them."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from edge_agent.clips.exports.job import ExportJob
from edge_agent.export_notes import FOLDER
from wire.event import ModelPart
from wire.export import ExportReady, ExportRequest
from wire.grant import Grant

ROOM_LEFT_BYTES = 256 << 20
"""What an export leaves free on the disk for those who must never wait for it."""
COPIES = 2
"""The MP4 and the ZIP lie there together for a moment."""
_COMMAND = (sys.executable, "-m", "edge_agent.clips.exports.job")

log = structlog.get_logger()


class ExportRefusedError(Exception):
    """Why there is no export; `code` is one of wire.codes."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ExportSetting:
    """What of the box goes into every export."""

    data: Path
    ring: Path
    identity: Path
    site: str
    shard: str
    software: str
    time_zone: str
    models: tuple[ModelPart, ...]
    most_bytes: int


@dataclass(frozen=True, slots=True)
class Made:
    """The ZIP, and what is said of it."""

    path: Path
    told: ExportReady


class ExportDesk:
    """Used on the sessions' loop alone."""

    def __init__(
        self, setting: ExportSetting, recorded_bytes: Callable[[str, datetime, datetime], int]
    ) -> None:
        """`recorded_bytes(camera, start, end)`: how much of the ring a span takes, about."""
        self._setting = setting
        self._recorded_bytes = recorded_bytes
        self._busy = False
        self._folder = setting.data / FOLDER / "sent"

    def clear(self) -> None:
        """Remove what a run before left, as after a power cut; raises OSError."""
        if self._folder.exists():
            shutil.rmtree(self._folder)

    @contextlib.asynccontextmanager
    async def export(self, request: ExportRequest, grant: Grant, token: str) -> AsyncIterator[Made]:
        """The ZIP, which is gone when the context ends; raises ExportRefusedError."""
        if self._busy:
            raise ExportRefusedError("export.busy", "this box makes one export at a time")
        self._busy = True
        folder = self._folder / grant.grant_id
        try:
            self._check_room(request)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            out = folder / "export.zip"
            told = await self._make(request, grant, token, out)
            yield Made(out, told)
        except OSError as error:
            raise ExportRefusedError("export.failed", f"{folder}: {error.strerror}") from error
        finally:
            self._busy = False
            # Not awaited: whoever is cancelled must still leave nothing behind.
            shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                log.error("export.left", folder=str(folder), remedy="it goes at the next start")

    def _check_room(self, request: ExportRequest) -> None:
        setting = self._setting
        size = self._recorded_bytes(request.camera, request.start_at, request.end_at)
        if size > setting.most_bytes:
            most = setting.most_bytes / 1e6
            raise ExportRefusedError(
                "export.too-large", f"about {size / 1e6:.0f} MB of at most {most:.0f} MB"
            )
        free = shutil.disk_usage(setting.data).free
        if free < COPIES * size + ROOM_LEFT_BYTES:
            raise ExportRefusedError(
                "disk.full", f"about {size / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free"
            )

    async def _make(
        self, request: ExportRequest, grant: Grant, token: str, out: Path
    ) -> ExportReady:
        setting = self._setting
        job = ExportJob(
            ring=setting.ring,
            out=out,
            identity=setting.identity,
            site=setting.site,
            shard=setting.shard,
            software=setting.software,
            models=setting.models,
            time_zone=setting.time_zone,
            grant=grant,
            token=token,
            start_at=request.start_at,
            end_at=request.end_at,
        )
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *_COMMAND, stdin=pipe, stdout=pipe, stderr=pipe
        )
        try:
            said, complaint = await process.communicate(job.model_dump_json().encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            words = complaint.decode(errors="replace").strip().splitlines() or ["it ended"]
            raise ExportRefusedError("export.failed", words[-1][:400])
        return ExportReady.model_validate_json(said)
