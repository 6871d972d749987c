"""One export, made and checked in a process of its own: `python -m edge_agent.clips.exports.job`.

Takes the job as JSON on standard input and prints what was made as JSON; what went wrong stands on
standard error, exit code 1. It gives way to everything else on the box.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from edge_agent.clips.evidence.export import export
from edge_agent.clips.evidence.harvest import ExportError, ExportOrder
from edge_agent.clips.evidence.statement import file_sha256
from edge_agent.clips.evidence.verify import verify_export
from wire.clock import SystemClock
from wire.event import ModelPart
from wire.export import MOST_TOLD, ExportReady
from wire.grant import Grant
from wire.identity import Identity, IdentityError, load_authorities
from wire.names import Moment
from wire.topics import DeviceAddress

NICENESS = 15


class ExportJob(BaseModel):
    """All that is needed; `token` is the grant that `grant` was read from."""

    model_config = ConfigDict(extra="forbid")

    ring: Path
    out: Path
    identity: Path
    site: str
    shard: str
    software: str
    models: tuple[ModelPart, ...]
    time_zone: str
    grant: Grant
    token: str
    start_at: Moment
    end_at: Moment


def make(job: ExportJob) -> ExportReady:
    """Write the ZIP and verify it as anybody would; raises ExportError, IdentityError, OSError."""
    grant, device = job.grant, Identity.load(job.identity)
    who = f"{grant.agency} {grant.person}"
    order = ExportOrder(
        camera=grant.camera,
        from_at=job.start_at,
        to_at=job.end_at,
        case=grant.case,
        recipient=who,
        purpose=grant.purpose,
        basis=grant.basis,
        exporter=who,
        grant=job.token,
        mark=True,
        zone=ZoneInfo(job.time_zone),
    )
    statement = export(
        job.ring,
        order,
        job.out,
        device=device,
        address=DeviceAddress(job.site, job.shard, device.name),
        software=job.software,
        models=job.models,
        clock=SystemClock(),
    )
    verdict = verify_export(job.out, None, load_authorities(device.ca_file))
    if not verdict.ok:
        raise ExportError(f"what was written does not hold: {verdict.code}, {verdict.detail}")
    return ExportReady(
        export_id=statement.export_id,
        bytes=job.out.stat().st_size,
        sha256=file_sha256(job.out),
        gops=verdict.gops,
        pictures=verdict.pictures,
        start_at=statement.start_at,
        end_at=statement.end_at,
        missing=statement.missing[:MOST_TOLD],
        missing_count=len(statement.missing),
        verdict=verdict.code,
    )


def main() -> int:
    """The process."""
    os.nice(NICENESS)
    psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
    try:
        made = make(ExportJob.model_validate_json(sys.stdin.read()))
    except (ExportError, IdentityError, ValidationError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(made.model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
