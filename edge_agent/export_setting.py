"""What of a box's configuration goes into exports that viewers ask for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from edge_agent.check import model_names
from edge_agent.clips.exports.desk import ExportDesk, ExportSetting
from edge_agent.clips.ring import Ring
from edge_agent.config import AgentSettings
from edge_agent.ring_keeper import ring_folder
from models.registry import Registry
from wire.event import ModelPart


def export_desk(settings: AgentSettings, version: str, rings: Mapping[str, Ring]) -> ExportDesk:
    """The desk of a box; `rings` by camera. Raises ModelError."""
    config = settings.sha256()
    entries = [Registry.default().entry(name) for name in model_names(settings)]
    setting = ExportSetting(
        data=settings.data,
        ring=ring_folder(settings.data),
        identity=settings.identity,
        site=settings.site,
        shard=settings.shard,
        software=f"polewatch {version}",
        time_zone=settings.time_zone,
        models=tuple(
            ModelPart(name=one.name, sha256=one.sha256, config_sha256=config) for one in entries
        ),
        most_bytes=settings.clips.export_megabytes * 1_000_000,
    )

    def recorded_bytes(camera: str, start: datetime, end: datetime) -> int:
        ring = rings.get(camera)
        return 0 if ring is None else sum(one.bytes for one in ring.segments(start, end))

    return ExportDesk(setting, recorded_bytes)
