"""Evidence out: a span of the ring as an uncompressed ZIP of the MP4 and its signed manifest."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import av.error

from edge_agent.clips.evidence.media import write_mp4
from edge_agent.clips.evidence.recorded import RecordedGop, gops
from edge_agent.clips.evidence.statement import CLIP, MANIFEST, statement_sha256
from wire.clock import Clock
from wire.envelope import cloud_event, sign
from wire.event import ModelPart
from wire.evidence import GopProof, Manifest, ManifestSignature, Statement, Unproven
from wire.identity import Identity, load_authorities, load_certificate, signing_key_of
from wire.names import new_id
from wire.topics import DeviceAddress, service_source


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
    grant: str | None = None


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
    if order.to_at <= order.from_at:
        raise ExportError(f"the span ends at {order.to_at}, before it begins; swap the two")
    certificate = load_certificate(device.cert_file)
    # The device's own certificate, whatever the time is now: its roots may be older than today's.
    key = signing_key_of(
        certificate, load_authorities(device.ca_file), now=certificate.not_valid_before_utc
    )
    found = list(
        gops(
            ring / order.camera,
            order.from_at,
            order.to_at,
            lambda kid: key if kid == device.name else None,
        )
    )
    good = [gop for gop in found if gop.token is not None]
    if not good:
        raise ExportError(_nothing(order, found))
    if len({gop.units[0].codec for gop in good}) > 1:
        raise ExportError(
            f"{order.camera} changed its codec within the span; export the two parts by themselves"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as name:
        folder = Path(name)
        try:
            write_mp4(folder / CLIP, [unit for gop in good for unit in gop.units])
        except av.error.FFmpegError as error:
            raise ExportError(f"{order.camera}: cannot be written as MP4 ({error})") from error
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
            start_at=good[0].units[0].at,
            end_at=max(unit.at for unit in good[-1].units),
            made_at=clock.now(),
            software=software,
            models=tuple(models),
            file=CLIP,
            file_sha256=_file_sha256(folder / CLIP),
            gops=tuple(
                GopProof(token=gop.token, since_90k=gop.since_90k)
                for gop in good
                if gop.token is not None
            ),
            missing=tuple(_missing(order, found)),
            grant=order.grant,
            certificates=tuple(one.cert_file.read_text() for one in signers),
        )
        manifest = Manifest(
            statement=statement,
            signatures=tuple(_signature(statement, one, address, clock) for one in signers),
        )
        text = manifest.model_dump_json(indent=1)
        _pack(folder, text, out)
    return statement


def _nothing(order: ExportOrder, found: Sequence[RecordedGop]) -> str:
    span = f"{order.camera} from {order.from_at} to {order.to_at}"
    if not found:
        return f"nothing of {span} is recorded; see what is there by 'polewatch agent top'"
    return (
        f"{len(found)} GOPs of {span} are recorded, but none has a signed root that fits;"
        " if it is recorded just now, wait for the next keyframe"
    )


def _missing(order: ExportOrder, found: Sequence[RecordedGop]) -> list[Unproven]:
    """The parts of the span that the export does not hold."""
    parts: list[Unproven] = []
    reached = order.from_at
    for gop in found:
        start, end = gop.units[0].at, gop.ends_at
        # Two pictures apart is the camera's own pace; more is a hole.
        if (start - reached) > 2 * (end - start) / len(gop.units) and start > order.from_at:
            parts.append(Unproven(start_at=reached, end_at=start, reason="not-recorded"))
        if gop.problem is not None:
            parts.append(Unproven(start_at=start, end_at=end, reason=gop.problem))
        reached = max(reached, end)
    if reached < order.to_at:
        parts.append(Unproven(start_at=reached, end_at=order.to_at, reason="not-recorded"))
    return parts


def _signature(statement: Statement, who: Identity, address: DeviceAddress, clock: Clock) -> str:
    source = (
        address.source if who.name == address.device else service_source(address.site, who.name)
    )
    event = cloud_event(
        "manifest",
        ManifestSignature(
            export_id=statement.export_id, statement_sha256=statement_sha256(statement)
        ),
        id=new_id(),
        source=source,
        time=clock.now(),
        subject=statement.camera,
    )
    return sign(event, who.name, who.key).decode()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(folder: Path, manifest: str, out: Path) -> None:
    made = folder / "export.zip"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        archive.write(folder / CLIP, CLIP)
        archive.writestr(MANIFEST, manifest)
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(out)
