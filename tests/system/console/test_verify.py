"""An evidence file checked in the page: it says what `polewatch clip verify` says of it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from edge_agent.clips.evidence.verify import Verdict, verify_export
from tests.edge_agent.clips.evidence.exports import Pole, make_pole, packed, parts, remuxed
from tests.support.browser import axe_faults, watched_page
from tests.support.console_server import served
from tests.support.console_store import FilledStore, Told
from tests.support.media import encode

Forged = Callable[[Pole, Path], Path]


def cut(choose: Callable[..., Any], ticks: Callable[[int], int] = lambda pts: pts) -> Forged:
    """The clip's GOPs as `choose` orders them, under the manifest as it was."""

    def forge(pole: Pole, out: Path) -> Path:
        clip = remuxed(pole.folder / "clip.mp4", out.with_suffix(".mp4"), choose, ticks)
        return packed(clip, (pole.folder / "manifest.json").read_bytes(), out)

    return forge


def edited(change: Callable[[dict[str, Any]], object]) -> Forged:
    """The manifest as `change` leaves it."""

    def forge(pole: Pole, out: Path) -> Path:
        manifest = json.loads((pole.folder / "manifest.json").read_bytes())
        change(manifest)
        return packed(pole.folder / "clip.mp4", json.dumps(manifest).encode(), out)

    return forge


def one_bit(pole: Pole, out: Path) -> Path:
    data = bytearray((pole.folder / "clip.mp4").read_bytes())
    begin = data.index(b"mdat") + 4
    data[begin + (len(data) - begin) * 3 // 4] ^= 0x10
    clip = out.with_suffix(".mp4")
    clip.write_bytes(data)
    return packed(clip, (pole.folder / "manifest.json").read_bytes(), out)


def another_box(_pole: Pole, out: Path) -> Path:
    forger = make_pole(out.parent / "forger")
    forger.record(encode(20))
    forger.export(out)
    return out


def attached(content: bytes) -> Forged:
    """The mark as somebody else would have it."""

    def forge(pole: Pole, out: Path) -> Path:
        with (
            zipfile.ZipFile(pole.folder / "case.zip") as export,
            zipfile.ZipFile(out, "w") as other,
        ):
            for name in export.namelist():
                other.writestr(name, content if name == "clip.vtt" else export.read(name))
        return out

    return forge


def as_it_was(pole: Pole, _out: Path) -> Path:
    return pole.folder / "case.zip"


def rubbish(_pole: Pole, out: Path) -> Path:
    out.write_bytes(b"no archive at all" * 99)
    return out


FORGED: dict[str, Forged] = {
    "as it was": as_it_was,
    "one bit": one_bit,
    "a GOP left out": cut(lambda gops: gops[:2] + gops[3:]),
    "the end left out": cut(lambda gops: gops[:5]),
    "the beginning left out": cut(lambda gops: gops[1:]),
    "two GOPs swapped": cut(lambda gops: [gops[0], gops[2], gops[1], *gops[3:]]),
    "a GOP twice": cut(lambda gops: [*gops, gops[0]]),
    "a picture left out": cut(lambda gops: [*gops[:3], gops[3][:-1], *gops[4:]]),
    "at half speed": cut(lambda gops: gops, lambda pts: pts * 2),
    "remuxed": cut(lambda gops: gops),
    "another case": edited(lambda all: all["statement"].update(case="2026-8")),
    "a GOP out of the manifest": edited(lambda all: all["statement"]["gops"].pop(3)),
    "another signature": edited(
        lambda all: all.update(signatures=[all["signatures"][0][:-8] + "AAAAAAAA"])
    ),
    "nobody's signature": edited(lambda all: all.update(signatures=[])),
    "another box": another_box,
    "another mark": attached(b"WEBVTT"),
    "rubbish": rubbish,
}
"""What somebody does to the export of a case."""


@pytest.fixture(scope="module")
def pole(tmp_path_factory: pytest.TempPathFactory) -> Pole:
    made = make_pole(tmp_path_factory.mktemp("pole"))
    made.record(encode(60))
    made.export(made.folder / "case.zip")
    parts(made.folder / "case.zip", made.folder)
    return made


def checked(page: Page, file: Path) -> Locator:
    """What the page says of a file."""
    page.evaluate("() => document.querySelector('#verified').replaceChildren()")
    page.locator("#verify-file").set_input_files(file)
    verdict = page.locator("#verified .verdict")
    expect(verdict).to_have_count(1)
    return verdict


def agrees(verdict: Locator, wanted: Verdict, name: str) -> None:
    assert verdict.get_attribute("data-code") == wanted.code, f"{name}: {wanted.detail}"
    held = verdict.locator("li.held").count()
    assert held == (5 if wanted.ok else held), name
    assert wanted.ok or verdict.locator("li.failed").count() <= 1, name
    at = verdict.get_attribute("data-at")
    if wanted.bad_at is not None:
        assert at is not None, name
        assert datetime.fromisoformat(at) == wanted.bad_at, name


def test_the_page_says_of_every_file_what_the_command_says(
    chromium: Browser, store: FilledStore, pole: Pole, tmp_path: Path
) -> None:
    store.keys[pole.identity.name] = str(pole.identity.key.as_dict(private=False)["x"])
    incident = store.tell(Told())
    with (
        served(store) as address,
        watched_page(chromium, address, cookies={"pw_person": "yes"}) as watched,
    ):
        page = watched.page
        page.goto(f"{address}/incidents/{incident}/file")
        page.wait_for_selector("html[data-ready]")
        said = {}
        for number, (name, forge) in enumerate(FORGED.items()):
            file = forge(pole, tmp_path / f"{number}.zip")
            verdict = checked(page, file)
            wanted = verify_export(file, authority=pole.authorities)
            agrees(verdict, wanted, name)
            said[name] = wanted.code
            if name == "one bit":
                expect(verdict).to_contain_text("화면이 바뀌었습니다 (구간 5")
                expect(verdict.locator("[data-step=pictures]")).to_have_class("failed")
                expect(verdict.locator("[data-step=times]")).to_contain_text("확인하지 않았습니다")
                watched.shoot("verify-altered")
        assert len(set(said.values())) >= 11, said
        intact = checked(page, pole.folder / "case.zip")
        expect(intact).to_contain_text("화면 60장: 머클 트리를 다시 계산한 값이 서명과 같습니다")
        assert axe_faults(page) == []
        watched.shoot("verify-intact")
