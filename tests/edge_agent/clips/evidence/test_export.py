"""What an export holds and what it says is missing."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.camera import nal
from edge_agent.clips.evidence.harvest import ExportError
from edge_agent.clips.evidence.seals import seal_file, tokens_of
from edge_agent.clips.evidence.verify import verify_export
from tests.edge_agent.clips.evidence.exports import CAMERA, Pole, at, make_pole
from tests.support.media import encode


@pytest.fixture
def pole(tmp_path: Path) -> Pole:
    return make_pole(tmp_path)


@pytest.mark.parametrize(
    ("codec", "b_frames"), [("h264", 0), ("h264", 2), ("hevc", 0)], ids=["h264", "b-frames", "h265"]
)
def test_what_was_recorded_is_exported(pole: Pole, codec: nal.Codec, b_frames: int) -> None:
    pole.record(encode(60, b_frames=b_frames, codec=codec), codec)
    out = pole.folder / "case.zip"
    statement = pole.export(out)
    assert [len(proof.since_90k) for proof in statement.gops] == [10] * 6
    verdict = verify_export(out, authority=pole.authorities)
    assert (verdict.ok, verdict.code, verdict.pictures) == (True, "intact", 60), verdict.detail
    assert (verdict.authority, verdict.case) == ("trusted", "2026-7")
    with zipfile.ZipFile(out) as archive:
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}
        head = archive.read("clip.mp4")[:4096]
    assert head.index(b"moov") < head.index(b"mdat")


def test_whole_gops_that_touch_the_span_are_taken(pole: Pole) -> None:
    pole.record(encode(100))
    statement = pole.export(pole.folder / "case.zip", 2.5, 4.2)
    assert (statement.start_at, statement.end_at) == (at(2), at(4.9))
    assert statement.missing == ()


def test_a_restart_goes_on_with_the_chain_and_the_hole_is_named(pole: Pole) -> None:
    packets = encode(40)
    pole.record(packets)
    later = timedelta(seconds=10)
    pole.record(replace(one, received_at=one.received_at + later) for one in packets)
    out = pole.folder / "case.zip"
    statement = pole.export(out, 0, 14)
    assert len(statement.gops) == 8
    assert [(one.start_at, one.end_at, one.reason) for one in statement.missing] == [
        (at(4), at(10), "not-recorded")
    ]
    verdict = verify_export(out)
    assert verdict.ok, verdict.detail


def test_a_line_that_a_power_cut_left_short_costs_its_gop_alone(pole: Pole) -> None:
    pole.record(encode(40))
    (segment,) = pole.ring.rglob("*.ts")
    whole = seal_file(segment).read_bytes()
    seal_file(segment).write_bytes(whole[:-40])
    assert len(tokens_of(segment)) == 3
    statement = pole.export(pole.folder / "case.zip", 0, 4)
    assert len(statement.gops) == 3
    assert [(one.start_at, one.reason) for one in statement.missing] == [(at(3), "not-sealed")]


def test_what_the_disk_has_changed_is_left_out_and_named(pole: Pole) -> None:
    pole.record(encode(40))
    (segment,) = pole.ring.rglob("*.ts")
    data = bytearray(segment.read_bytes())
    second = data.index(b"\x00\x00\x01\x65", data.index(b"\x00\x00\x01\x65") + 4)
    data[second + 30] ^= 1
    segment.write_bytes(data)
    out = pole.folder / "case.zip"
    statement = pole.export(out, 0, 4)
    assert [one.reason for one in statement.missing] == ["damaged"]
    verdict = verify_export(out)
    assert verdict.ok, verdict.detail


def test_nothing_to_export_is_said_and_nothing_is_left(pole: Pole) -> None:
    pole.record(encode(20))
    with pytest.raises(ExportError, match="nothing of yard"):
        pole.export(pole.folder / "case.zip", 500, 600)
    with pytest.raises(ExportError, match="nothing of yard"):
        pole.export(pole.folder / "case.zip", -600, -500)
    with pytest.raises(ExportError, match="swap the two"):
        pole.export(pole.folder / "case.zip", 2, 1)
    for lines in pole.ring.rglob("*.gops"):
        lines.unlink()
    with pytest.raises(ExportError, match="none has a signed root"):
        pole.export(pole.folder / "case.zip")
    assert sorted(path.name for path in pole.folder.iterdir()) == ["city", "ring"]


def test_roots_go_with_their_segments(pole: Pole) -> None:
    pole.record(encode(100))
    first, *others = sorted((pole.ring / CAMERA).rglob("*.ts"))
    first.unlink()
    pole.record(encode(10))
    left = {path.with_suffix(".ts") for path in (pole.ring / CAMERA).rglob("*.gops")}
    assert left == set((pole.ring / CAMERA).rglob("*.ts"))
    assert left >= set(others)
