"""Checks an export offline: who signed it, and whether it is whole, unchanged and in order."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from pydantic import ValidationError

from edge_agent.clips.evidence.faults import EvidenceError
from edge_agent.clips.evidence.media import MediaError, read
from edge_agent.clips.evidence.pictures import Chain, check_pictures
from edge_agent.clips.evidence.signed import Signers, check_chain, check_signatures
from edge_agent.clips.evidence.statement import (
    CLIP,
    MANIFEST,
    file_sha256,
    statement_sha256,
    worst_quality,
)
from wire.evidence import Manifest

MOST_MANIFEST_BYTES: Final = 256 << 20
"""A month of one camera's roots; larger is no manifest of ours."""
MOST_ATTACHED_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; `ok` is the answer."""

    ok: bool
    code: str
    """`intact`, `cut` (whole GOPs are missing at the ends only), or what is wrong."""
    detail: str
    bad_at: datetime | None = None
    """Wall time of the first bad GOP."""
    case: str = ""
    device: str = ""
    camera: str = ""
    start_at: datetime | None = None
    end_at: datetime | None = None
    gops: int = 0
    of_gops: int = 0
    pictures: int = 0
    time_quality: str = ""
    """`unsynchronised` when the box's clock was so for any GOP that is held."""
    signers: tuple[str, ...] = ()
    authority: str = "not checked"
    """`trusted`, or `not checked` when no authority was given: compare the fingerprints then."""
    fingerprints: tuple[str, ...] = ()
    """SHA-256 of each signer's certificate."""

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain values."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return plain


def verify_export(
    file: Path, manifest: Path | None = None, authority: Sequence[x509.Certificate] | None = None
) -> Verdict:
    """Verify an exported ZIP, or a video file beside its manifest.

    A ZIP must hold every GOP that its manifest names. A video given with `manifest` may be cut at
    GOPs and may be in another container. Never raises for what a file holds: the verdict says it.
    """
    try:
        if manifest is None:
            return _verify_zip(file, authority)
        return _verify_file(file, _read_text(manifest), authority, whole=False)
    except EvidenceError as error:
        return Verdict(False, error.code, str(error), error.at)
    except (MediaError, OSError) as error:
        return Verdict(False, "unreadable", str(error))


def _verify_zip(file: Path, authority: Sequence[x509.Certificate] | None) -> Verdict:
    if not zipfile.is_zipfile(file):
        raise EvidenceError(
            "unreadable", f"{file} is no exported ZIP; name its manifest by --manifest"
        )
    with tempfile.TemporaryDirectory() as name, zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if len(set(names)) != len(names) or not {CLIP, MANIFEST} <= set(names):
            raise EvidenceError(
                "manifest", f"{file} holds {', '.join(names)}; an export holds {CLIP}, {MANIFEST}"
            )
        if archive.getinfo(MANIFEST).file_size > MOST_MANIFEST_BYTES:
            raise EvidenceError("manifest", f"{MANIFEST} is larger than any of ours")
        clip = Path(name) / CLIP
        try:
            text = archive.read(MANIFEST)
            archive.extract(CLIP, name)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            # The archive's own check sums: something in it was changed.
            raise EvidenceError("archive", f"{file} is damaged: {error}") from error
        verdict = _verify_file(clip, text, authority, whole=True)
        _check_attached(archive, text)
        return verdict


def _check_attached(archive: zipfile.ZipFile, text: bytes) -> None:
    """What lies beside the clip is what the manifest names, and all of it."""
    attached = {one.file: one.sha256 for one in _read_manifest(text)[0].statement.attached}
    there = set(archive.namelist()) - {CLIP, MANIFEST}
    if there != set(attached):
        odd = ", ".join(sorted(there ^ set(attached)))
        raise EvidenceError("attached", f"not what the manifest names: {odd}")
    for name, sha256 in attached.items():
        if archive.getinfo(name).file_size > MOST_ATTACHED_BYTES:
            raise EvidenceError("attached", f"{name} is larger than any of ours")
        try:
            data = archive.read(name)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise EvidenceError("archive", f"{name} is damaged: {error}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise EvidenceError("attached", f"{name} was altered")


def _read_text(path: Path) -> bytes:
    with path.open("rb") as file:
        text = file.read(MOST_MANIFEST_BYTES + 1)
    if len(text) > MOST_MANIFEST_BYTES:
        raise EvidenceError("manifest", f"{path} is larger than any manifest of ours")
    return text


def _read_manifest(text: bytes) -> tuple[Manifest, str]:
    """The manifest, and the hash of its statement as it stands there; raises EvidenceError."""
    try:
        # Read once: what is hashed must be what is understood, also where a key stands twice.
        raw = json.loads(text)
        return Manifest.model_validate(raw), statement_sha256(raw["statement"])
    except (ValidationError, RecursionError, ValueError, KeyError, TypeError) as error:
        raise EvidenceError(
            "manifest", f"the manifest cannot be read: {str(error).splitlines()[0]}"
        ) from error


def _verify_file(
    file: Path, text: bytes, authority: Sequence[x509.Certificate] | None, *, whole: bool
) -> Verdict:
    manifest, digest = _read_manifest(text)
    statement = manifest.statement
    signers = Signers(statement, authority)
    names = check_signatures(manifest, digest, signers)
    roots = check_chain(statement, signers)
    media = read(file)
    chain = Chain(roots, [proof.since_90k for proof in statement.gops])
    held = check_pictures(media, chain)
    first, count = held.first, held.count
    if whole and count < len(chain):
        gone = 0 if first > 0 else count
        raise EvidenceError(
            "missing", f"GOP {gone + 1} of {len(chain)} is missing", roots[gone].start_at
        )
    if whole and file_sha256(file) != statement.file_sha256:
        raise EvidenceError(
            "container", "every picture holds, but the file is not the one that was exported"
        )
    cut = count < len(chain)
    used = roots[first : first + count]
    detail = f"{count} GOPs with {len(media.pictures)} pictures are as they were recorded"
    if cut:
        detail += f"; a cut: GOPs {first + 1} to {first + count} of {len(chain)}"
    return Verdict(
        ok=True,
        code="cut" if cut else "intact",
        detail=detail,
        case=statement.case,
        device=statement.device,
        camera=statement.camera,
        start_at=used[0].start_at,
        end_at=used[-1].start_at,
        gops=count,
        of_gops=len(chain),
        pictures=len(media.pictures),
        time_quality=worst_quality(record.time_quality for record in used),
        signers=names,
        authority="not checked" if authority is None else "trusted",
        fingerprints=tuple(
            one.fingerprint(hashes.SHA256()).hex() for one in signers.certificates.values()
        ),
    )
