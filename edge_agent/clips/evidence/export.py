"""Evidence out: a span of the ring as an uncompressed ZIP of the MP4 and its signed manifest."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import av.error

from edge_agent.clips.evidence.harvest import ExportError, ExportOrder, Harvest
from edge_agent.clips.evidence.media import write_mp4
from edge_agent.clips.evidence.recorded import gops
from edge_agent.clips.evidence.statement import (
    CLIP,
    MANIFEST,
    file_sha256,
    statement_sha256,
    worst_quality,
)
from wire.clock import Clock
from wire.envelope import cloud_event, sign
from wire.event import ModelPart
from wire.evidence import GopProof, Manifest, ManifestSignature, Statement
from wire.identity import Identity, load_authorities, load_certificate, signing_key_of
from wire.names import new_id
from wire.topics import DeviceAddress, service_source


def export(
    ring: Path,
    order: ExportOrder,
    out: Path,
    *,
    device: Identity,
    address: DeviceAddress,
    exporter: Identity | None = None,
    software: str,
    models: Sequence[ModelPart] = (),
    clock: Clock,
) -> Statement:
    """Write the GOPs that hold any of the span to `out`; returns what the manifest states.

    Only GOPs whose signed root holds are taken; what is missing is named in the statement.
    Raises ExportError; `out` is either whole or not there.
    """
    order.check()
    certificate = load_certificate(device.cert_file)
    # The device's own certificate, whatever the time is now: its roots may be older than today's.
    key = signing_key_of(
        certificate, load_authorities(device.ca_file), now=certificate.not_valid_before_utc
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as name:
        folder = Path(name)
        found = gops(
            ring / order.camera,
            order.from_at,
            order.to_at,
            lambda kid: key if kid == device.name else None,
        )
        harvest = Harvest(order, folder)
        try:
            write_mp4(folder / CLIP, harvest.units(found))
        except av.error.FFmpegError as error:
            raise ExportError(f"{order.camera}: cannot be written as MP4 ({error})") from error
        good = harvest.good
        attached = harvest.attached()
        signers = [device] if exporter is None else [device, exporter]
        statement = Statement(
            export_id=new_id(),
            case=order.case,
            recipient=order.recipient,
            purpose=order.purpose,
            basis=order.basis,
            site=address.site,
            shard=address.shard,
            device=address.device,
            camera=order.camera,
            asked_from=order.from_at,
            asked_to=order.to_at,
            start_at=good[0].start_at,
            end_at=good[-1].last_at,
            made_at=clock.now(),
            time_quality=worst_quality(gop.time_quality for gop in good),
            software=software,
            models=tuple(models),
            file=CLIP,
            file_sha256=file_sha256(folder / CLIP),
            attached=attached,
            gops=tuple(GopProof(token=gop.token, since_90k=gop.since_90k) for gop in good),
            missing=harvest.missing(),
            exporter=order.exporter,
            grant=order.grant,
            certificates=tuple(one.cert_file.read_text() for one in signers),
        )
        manifest = Manifest(
            statement=statement,
            signatures=tuple(_signature(statement, one, address, clock) for one in signers),
        )
        text = manifest.model_dump_json(indent=1)
        _pack(folder, text, [one.file for one in attached], out)
    return statement


def _signature(statement: Statement, who: Identity, address: DeviceAddress, clock: Clock) -> str:
    source = (
        address.source if who.name == address.device else service_source(address.site, who.name)
    )
    event = cloud_event(
        "manifest",
        ManifestSignature(
            export_id=statement.export_id,
            statement_sha256=statement_sha256(statement.model_dump(mode="json")),
        ),
        id=new_id(),
        source=source,
        time=clock.now(),
        subject=statement.camera,
    )
    return sign(event, who.name, who.key).decode()


def _pack(folder: Path, manifest: str, attached: Sequence[str], out: Path) -> None:
    made = folder / "export.zip"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        archive.write(folder / CLIP, CLIP)
        archive.writestr(MANIFEST, manifest)
        for name in attached:
            archive.write(folder / name, name)
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(out)
