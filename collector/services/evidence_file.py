"""The evidence of an administrative incident as one ZIP: pictures, signed events, the plate.

`evidence.json` says what each file is, with its hash. The hashes of the pictures stand in
`events/*.jws`, which the pole signed (`polewatch wire show` reads them).
"""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import zipfile
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Query
from joserfc.util import urlsafe_b64decode

from collector.store import case_file, confirmed_plates, incidents, stills
from collector.store.confirmed_plates import ConfirmedPlate
from collector.store.moments import stamp
from collector.store.rows import IncidentDetail
from wire.grant import PersonToken
from wire.names import utc_text

MOST_EVENTS: Final = 200
MOST_AUDITS: Final = 1000
AROUND: Final = timedelta(hours=1)
"""Around a confirmation the pole's own word on the picture came."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """For what a file leaves the centre."""

    case: str
    purpose: str
    basis: str


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """The ZIP, its hash in hex, and when its pictures were taken."""

    content: bytes
    sha256: str
    first_at: datetime
    last_at: datetime


def reasons_of(
    case: Annotated[str, Query(max_length=80)] = "",
    purpose: Annotated[str, Query(max_length=120)] = "",
    basis: Annotated[str, Query(max_length=120)] = "",
) -> Reasons:
    """As the query has them."""
    return Reasons(case.strip(), purpose.strip(), basis.strip())


def build(
    run: sqlite3.Connection,
    found: IncidentDetail,
    person: PersonToken,
    reasons: Reasons,
    now: datetime,
) -> EvidenceFile:
    """Within one look. A picture that never came, or is gone, is named with `file` null."""
    one = found.incident
    plates = confirmed_plates.of_incident(run, one.incident_id)
    files: dict[str, bytes] = {}
    pictures = []
    shown = case_file.pictures(run, one.incident_id)
    for at, still in enumerate(shown, 1):
        jpeg = stills.jpeg(run, still.sha256)
        name = f"stills/{at:03}-{still.shows or 'alarm'}.jpg"
        if jpeg is not None:
            files[name] = jpeg
        pictures.append(
            {
                "file": name if jpeg is not None else None,
                "sha256": still.sha256,
                "at": utc_text(still.at),
                "shows": still.shows or "alarm",
            }
        )
    told = []
    for at, plate in enumerate(plates, 1):
        jpeg = confirmed_plates.jpeg(run, one.incident_id, plate.sha256)
        files[f"plates/{at:03}.jpg"] = jpeg or b""
        told.append({"file": f"plates/{at:03}.jpg", **_plain(asdict(plate))})
    signed = incidents.evidence(run, one.incident_id, MOST_EVENTS)
    tokens = [*signed, *_shown(run, one.device, plates)]
    files |= {f"events/{at:03}.jws": token.encode() for at, token in enumerate(tokens, 1)}
    said = {
        "incident": _plain(
            {
                name: getattr(one, name)
                for name in (
                    "incident_id", "type", "device", "camera", "camera_title", "address", "lat",
                    "lon", "opened_at", "ended_at", "text_ko", "text_en",
                )
            }
        ),
        "stills": pictures,
        "plates": told,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        "taken": {
            "person": person.person, "agency": person.agency, "at": utc_text(now),
            **asdict(reasons),
        },
    }  # fmt: skip
    text = json.dumps(said, ensure_ascii=False, indent=1).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in {"evidence.json": text, **files}.items():
            archive.writestr(zipfile.ZipInfo(name, now.timetuple()[:6]), data)
    content = out.getvalue()
    times = [one.opened_at, *(still.at for still in shown), *(plate.read_at for plate in plates)]
    return EvidenceFile(content, hashlib.sha256(content).hexdigest(), min(times), max(times))


def _shown(run: sqlite3.Connection, device: str, plates: tuple[ConfirmedPlate, ...]) -> list[str]:
    """Where the pole signed that it gave out the pictures of these plates."""
    if not plates:
        return []
    first = min(one.confirmed_at for one in plates) - AROUND
    last = max(one.confirmed_at for one in plates) + AROUND
    rows = run.execute(
        "SELECT token FROM event WHERE received_at BETWEEN ? AND ? AND kind = 'audit'"
        " AND device = ? ORDER BY received_at LIMIT ?",
        (stamp(first), stamp(last), device, MOST_AUDITS),
    )
    hashes = [one.sha256.encode() for one in plates]
    tokens = [bytes(row[0]) for row in rows]
    return [
        token.decode("ascii")
        for token in tokens
        if any(one in urlsafe_b64decode(token.split(b".")[1]) for one in hashes)
    ]


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: utc_text(value) if isinstance(value, datetime) else value
        for name, value in fields.items()
    }
