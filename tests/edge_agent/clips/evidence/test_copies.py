"""What goes beside an exported clip: the visible mark, stills, and under which grant."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import av
import cv2
import numpy as np
import pytest

from edge_agent.camera.packet import EncodedPacket
from edge_agent.clips.evidence.export import export
from edge_agent.clips.evidence.harvest import ExportError, ExportOrder
from edge_agent.clips.evidence.mark import Mark, draw, webvtt
from edge_agent.clips.evidence.permit import check_grant
from edge_agent.clips.evidence.statement import statement_sha256
from edge_agent.clips.evidence.verify import verify_export
from edge_agent.export_notes import leave_note, pass_on
from tests.edge_agent.clips.evidence.exports import ADDRESS, CAMERA, Pole, at, make_pole
from tests.support.media import START, encode
from wire.envelope import cloud_event, sign, sign_bytes
from wire.evidence import Manifest, ManifestSignature, Statement
from wire.grant import Grant
from wire.identity import Identity
from wire.names import new_id

SEOUL = ZoneInfo("Asia/Seoul")
ORDER = ExportOrder(
    CAMERA, at(0), at(6), "2026-1187", recipient="계양경찰서 형사과", mark=True, zone=SEOUL
)


@pytest.fixture(scope="module")
def pole(tmp_path_factory: pytest.TempPathFactory) -> Pole:
    made = make_pole(tmp_path_factory.mktemp("pole"))
    made.record(encode(60, width=320, height=240))
    return made


def _export(pole: Pole, out: Path, order: ExportOrder = ORDER) -> Statement:
    return export(
        pole.ring,
        order,
        out,
        device=pole.identity,
        address=ADDRESS,
        software="polewatch test",
        clock=pole.clock,
    )


def _decoded(packets: tuple[EncodedPacket, ...]) -> list[Any]:
    codec = av.VideoCodecContext.create("h264", "r")
    frames = [frame for one in packets for frame in codec.decode(av.Packet(one.data))]
    frames += codec.decode(None)
    return [frame.to_ndarray(format="bgr24").astype(int) for frame in frames]


def _repacked(source: Path, out: Path, change: dict[str, bytes | None]) -> Path:
    """The archive with other files in it; None leaves one out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w") as new:
        files: dict[str, bytes | None] = {name: old.read(name) for name in old.namelist()}
        for name, data in {**files, **change}.items():
            if data is not None:
                new.writestr(name, data)
    return out


def test_the_mark_runs_beside_the_clip_and_the_pictures_stay_the_cameras(
    pole: Pole, tmp_path: Path
) -> None:
    out = tmp_path / "case.zip"
    statement = _export(pole, out)
    assert [(one.file, one.kind) for one in statement.attached] == [("clip.vtt", "mark")]
    assert statement.time_quality == "synchronised"
    with zipfile.ZipFile(out) as archive:
        text = archive.read("clip.vtt").decode()
    assert text.startswith("WEBVTT\n")
    cues = re.findall(r"(\S+) --> (\S+) line:-3\n(.+)\n(.+)\n", text)
    assert len(cues) == 6
    assert cues[2][:2] == ("00:00:02.000", "00:00:03.000")
    assert cues[2][2] == "2026-1187 · 계양경찰서 형사과"
    assert cues[2][3] == "yard 2026-01-01 09:00:02 KST"
    verdict = verify_export(out, authority=pole.authorities)
    assert (verdict.ok, verdict.code, verdict.time_quality) == (True, "intact", "synchronised")


def test_a_still_is_the_picture_of_its_moment_and_bears_the_mark(
    pole: Pole, tmp_path: Path
) -> None:
    pictures = []
    for mark in (True, False):
        out = tmp_path / f"{mark}.zip"
        statement = _export(pole, out, replace(ORDER, mark=mark, stills_at=(at(3.45), at(0))))
        stills = [one for one in statement.attached if one.kind == "still"]
        assert [one.shown_at for one in stills] == [at(3.4), at(0)]
        assert verify_export(out).ok
        with zipfile.ZipFile(out) as archive:
            data = np.frombuffer(archive.read("still-1.jpg"), np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert picture is not None
        pictures.append(picture)
    marked, bare = pictures
    decoded = _decoded(encode(60, width=320, height=240))
    off = [np.abs(bare.astype(int) - decoded[number]).mean() for number in (33, 34, 35)]
    assert off[1] < 1 < min(off[0], off[2])
    assert np.abs(marked[:180].astype(int) - bare[:180]).mean() < 2
    assert np.abs(marked[200:].astype(int) - bare[200:]).mean() > 10


@pytest.mark.parametrize("width", [64, 320, 1920])
def test_a_mark_stays_within_the_picture(width: int) -> None:
    image = np.full((width * 9 // 16, width, 3), 128, np.uint8)
    mark = Mark("2026-1187", "가나다라마바사 " * 20, "yard", SEOUL)
    marked = draw(mark, image, START)
    assert marked.shape == image.shape
    assert (image == 128).all()
    white = np.argwhere(marked[..., 0] > 200)
    assert len(white) > 20
    assert white[:, 1].max() < width


def test_what_a_case_is_called_cannot_end_a_cue() -> None:
    text = webvtt(Mark("a --> b\n\n<i>", "&", "yard", SEOUL), START, [(0.0, START)])
    assert "a --&gt; b &lt;i&gt; · &amp;" in text


def test_a_still_outside_of_what_is_exported_is_refused(pole: Pole, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no picture of yard at"):
        _export(pole, tmp_path / "case.zip", replace(ORDER, stills_at=(at(60),)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clip.vtt": b"WEBVTT\n"}, "clip.vtt was altered"),
        ({"still-1.jpg": b"\xff\xd8"}, "still-1.jpg was altered"),
        ({"still-1.jpg": None}, "names: still-1.jpg"),
        ({"still-2.jpg": b"\xff\xd8"}, "names: still-2.jpg"),
    ],
)
def test_what_lies_beside_the_clip_is_checked_too(
    pole: Pole, tmp_path: Path, change: dict[str, bytes | None], said: str
) -> None:
    _export(pole, tmp_path / "case.zip", replace(ORDER, stills_at=(at(1),)))
    verdict = verify_export(_repacked(tmp_path / "case.zip", tmp_path / "forged.zip", change))
    assert (verdict.ok, verdict.code) == (False, "attached")
    assert said in verdict.detail


def _signed_anew(pole: Pole, plain: dict[str, Any]) -> bytes:
    """A manifest of this statement, as a box of another version would sign it."""
    said = ManifestSignature(export_id=plain["export_id"], statement_sha256=statement_sha256(plain))
    event = cloud_event("manifest", said, id=new_id(), source=ADDRESS.source, time=at(9))
    token = sign(event, pole.identity.name, pole.identity.key).decode()
    return json.dumps({"statement": plain, "signatures": [token]}).encode()


def test_manifests_of_other_versions_hold(pole: Pole, tmp_path: Path) -> None:
    out = tmp_path / "case.zip"
    _export(pole, out, replace(ORDER, mark=False))
    with zipfile.ZipFile(out) as archive:
        plain = json.loads(archive.read("manifest.json"))["statement"]
    older = {
        key: value
        for key, value in plain.items()
        if key not in ("time_quality", "attached", "exporter")
    }
    newer = {**plain, "key_of_tomorrow": [1, 2]}
    for number, statement in enumerate((older, newer)):
        made = _repacked(
            out,
            tmp_path / f"{number}.zip",
            {"manifest.json": _signed_anew(pole, statement)},
        )
        assert verify_export(made, authority=pole.authorities).ok


def test_a_key_that_was_added_to_a_signed_manifest_is_found(pole: Pole, tmp_path: Path) -> None:
    out = tmp_path / "case.zip"
    _export(pole, out, replace(ORDER, mark=False))
    with zipfile.ZipFile(out) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    manifest["statement"]["note"] = "as agreed"
    forged = _repacked(
        out, tmp_path / "forged.zip", {"manifest.json": json.dumps(manifest).encode()}
    )
    assert verify_export(forged).code == "manifest"
    assert Manifest.model_validate(manifest).statement.case == "2026-1187"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"camera": "gate"}, "for pole-001-1/gate"),
        ({"device": "pole-002-1"}, "for pole-002-1/yard"),
        ({"case": "2026-1"}, "for case 2026-1"),
        ({"rights": ("live",)}, "permits live; ask for one to export"),
        ({"rights": ("live", "recorded")}, "permits live, recorded; ask for one to export"),
        ({"end_at": at(5)}, "ask for a longer one"),
        ({"expires_at": at(0)}, "valid until"),
    ],
)
def test_a_grant_in_a_manifest_must_permit_the_export(
    pole: Pole, changed: dict[str, Any], said: str | None
) -> None:
    grant = Grant(
        **{
            "grant_id": new_id(),
            "device": "pole-001-1",
            "camera": CAMERA,
            "rights": ("recorded", "export"),
            "start_at": at(0),
            "end_at": at(6),
            "case": "2026-1187",
            "agency": "police",
            "person": "kim",
            "basis": "PIPA 18(2)7",
            "purpose": "search",
            "fingerprint": ":".join(["AA"] * 32),
            "issued_at": START,
            "expires_at": START + timedelta(minutes=10),
            **changed,
        }
    )
    # Any certificate of the city's authority stands in for the signer's.
    signer: Identity = pole.identity
    token = sign_bytes(grant.model_dump_json().encode(), signer.name, signer.key).decode()

    def check(text: str) -> None:
        check_grant(text, ORDER, "pole-001-1", signer.cert_file, signer.ca_file, pole.clock)

    if said is None:
        check(token)
        with pytest.raises(ExportError, match="not the signer's"):
            check(token[:-8] + "AAAAAAAA")
        return
    with pytest.raises(ExportError, match=said):
        check(token)


def test_an_export_on_the_box_is_told_once(pole: Pole, tmp_path: Path) -> None:
    statement = _export(pole, tmp_path / "case.zip")
    told: list[dict[str, Any]] = []
    pass_on(tmp_path, lambda action, **fields: told.append({"action": action, **fields}))
    leave_note(tmp_path, statement, tmp_path / "case.zip")
    (tmp_path / "exports" / "torn.json").write_text("{")
    for _ in range(2):
        pass_on(tmp_path, lambda action, **fields: told.append({"action": action, **fields}))
    (entry,) = told
    assert (entry["action"], entry["camera"], entry["case"]) == ("export", "yard", "2026-1187")
    assert entry["detail"] == "계양경찰서 형사과"
    assert entry["bytes"] == (tmp_path / "case.zip").stat().st_size
    assert entry["person"].endswith(" on the box")
