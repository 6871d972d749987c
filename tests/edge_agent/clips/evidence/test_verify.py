"""Whoever changes anything is found out, and what may be changed may be changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.clips.evidence.verify import verify_export
from tests.edge_agent.clips.evidence.exports import Pole, at, make_pole, packed, parts, remuxed
from tests.support.media import encode


@pytest.fixture(scope="module")
def pole(tmp_path_factory: pytest.TempPathFactory) -> Pole:
    made = make_pole(tmp_path_factory.mktemp("pole"))
    made.record(encode(60))
    made.export(made.folder / "case.zip")
    parts(made.folder / "case.zip", made.folder)
    return made


@pytest.mark.parametrize("place", [0.35, 0.5, 0.75, 0.9])
def test_one_bit(pole: Pole, tmp_path: Path, place: float) -> None:
    data = bytearray((pole.folder / "clip.mp4").read_bytes())
    start = data.index(b"mdat") + 4
    data[start + int((len(data) - start) * place)] ^= 0x10
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(data)
    manifest = (pole.folder / "manifest.json").read_bytes()
    verdict = verify_export(packed(clip, manifest, tmp_path / "forged.zip"))
    assert (verdict.ok, verdict.code) == (False, "altered"), verdict.detail
    assert verdict.bad_at is not None
    # Each GOP is a second long and about a sixth of the file.
    assert abs((verdict.bad_at - at(int(place * 6))).total_seconds()) <= 1


@pytest.mark.parametrize(
    ("choose", "code", "bad_s"),
    [
        (lambda gops: gops[:2] + gops[3:], "missing", 2),
        (lambda gops: gops[:5], "missing", 5),
        (lambda gops: gops[1:], "missing", 0),
        (lambda gops: [gops[0], gops[2], gops[1], *gops[3:]], "reordered", 1),
        (lambda gops: [*gops[:3], gops[1], *gops[3:]], "reordered", 3),
        (lambda gops: [*gops, gops[0]], "added", 5),
        (lambda gops: [*gops[:3], gops[3][:-1], *gops[4:]], "altered", 3),
    ],
    ids=["dropped", "end-cut", "begin-cut", "swapped", "repeated", "added", "picture-dropped"],
)
def test_gops_dropped_moved_or_added(
    pole: Pole, tmp_path: Path, choose: Callable[..., Any], code: str, bad_s: float
) -> None:
    clip = remuxed(pole.folder / "clip.mp4", tmp_path / "clip.mp4", choose)
    manifest = (pole.folder / "manifest.json").read_bytes()
    verdict = verify_export(packed(clip, manifest, tmp_path / "forged.zip"))
    assert (verdict.ok, verdict.code, verdict.bad_at) == (False, code, at(bad_s)), verdict.detail


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv", "cut.ts"])
def test_a_cut_at_gops_in_another_container_still_holds(
    pole: Pole, tmp_path: Path, name: str
) -> None:
    clip = remuxed(pole.folder / "clip.mp4", tmp_path / name, lambda gops: gops[2:5])
    verdict = verify_export(clip, pole.folder / "manifest.json", pole.authorities)
    assert (verdict.ok, verdict.code, verdict.gops) == (True, "cut", 3), verdict.detail
    assert verdict.start_at == at(2)
    whole = remuxed(pole.folder / "clip.mp4", tmp_path / f"whole-{name}", lambda gops: gops)
    verdict = verify_export(whole, pole.folder / "manifest.json")
    assert (verdict.ok, verdict.code) == (True, "intact"), verdict.detail


def test_a_cut_with_a_hole_does_not(pole: Pole, tmp_path: Path) -> None:
    clip = remuxed(
        pole.folder / "clip.mp4", tmp_path / "cut.mkv", lambda gops: [gops[1], *gops[3:]]
    )
    verdict = verify_export(clip, pole.folder / "manifest.json")
    assert (verdict.ok, verdict.code, verdict.bad_at) == (False, "missing", at(2))


def test_a_slower_clock_is_found_out(pole: Pole, tmp_path: Path) -> None:
    clip = remuxed(
        pole.folder / "clip.mp4", tmp_path / "slow.mp4", lambda gops: gops, lambda pts: pts * 2
    )
    verdict = verify_export(clip, pole.folder / "manifest.json")
    assert (verdict.ok, verdict.code) == (False, "times"), verdict.detail


def _edit(pole: Pole, change: Callable[[dict[str, Any]], None]) -> bytes:
    manifest = json.loads((pole.folder / "manifest.json").read_text())
    change(manifest["statement"])
    return json.dumps(manifest).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda statement: statement.update(case="2026-8"),
        lambda statement: statement.update(made_at="2026-01-02T00:00:00Z"),
        lambda statement: statement.update(recipient="somebody else"),
        lambda statement: statement["gops"].pop(3),
        lambda statement: statement["gops"][0]["since_90k"].__setitem__(1, 1),
        lambda statement: statement["gops"].reverse(),
    ],
    ids=["case", "time", "recipient", "gop", "times", "order"],
)
def test_an_edited_manifest(pole: Pole, tmp_path: Path, change: Callable[..., None]) -> None:
    forged = packed(pole.folder / "clip.mp4", _edit(pole, change), tmp_path / "forged.zip")
    verdict = verify_export(forged)
    assert (verdict.ok, verdict.code) == (False, "manifest"), verdict.detail


def test_another_city_s_box_is_not_believed(pole: Pole, tmp_path: Path) -> None:
    forger = make_pole(tmp_path)
    forger.record(encode(60))
    forger.export(tmp_path / "case.zip")
    alone = verify_export(tmp_path / "case.zip")
    assert (alone.ok, alone.authority) == (True, "not checked")
    verdict = verify_export(tmp_path / "case.zip", authority=pole.authorities)
    assert (verdict.ok, verdict.code) == (False, "signer"), verdict.detail


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"not a clip at all", b"{}"],
    ids=["empty", "zip", "text", "json"],
)
def test_rubbish_is_told_not_raised(pole: Pole, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "case.zip"
    file.write_bytes(content)
    assert not verify_export(file).ok
    assert not verify_export(pole.folder / "clip.mp4", file).ok
    assert not verify_export(file, pole.folder / "manifest.json").ok
    assert not verify_export(tmp_path / "missing.zip").ok


def test_a_damaged_archive_is_told(pole: Pole, tmp_path: Path) -> None:
    data = bytearray((pole.folder / "case.zip").read_bytes())
    data[len(data) // 4] ^= 1
    file = tmp_path / "case.zip"
    file.write_bytes(data)
    verdict = verify_export(file)
    assert (verdict.ok, verdict.code) == (False, "archive"), verdict.detail
