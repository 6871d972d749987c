"""`polewatch plates read`: what it prints, and files that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from polewatch.plates.commands import app


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    path = tmp_path / "blank.png"
    assert cv2.imwrite(str(path), np.full((240, 320, 3), 90, np.uint8))
    return path


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(blank: Path) -> None:
    broken = blank.with_name("broken.jpg")
    broken.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")
    done = CliRunner().invoke(app, ["read", str(broken), str(blank), "--json"])
    assert done.exit_code == 1
    assert "broken.jpg: the file is cut short" in done.stderr
    assert json.loads(done.stdout) == {"file": str(blank), "plates": []}


@pytest.mark.parametrize("crop", [[], ["--crop"]])
def test_nothing_is_read_where_nothing_is(tmp_path: Path, crop: list[str]) -> None:
    paths = []
    for number, shape in enumerate([(1, 1), (1, 900), (900, 1), (7, 7), (240, 320)]):
        paths.append(str(tmp_path / f"grey-{number}.png"))
        assert cv2.imwrite(paths[-1], np.full((*shape, 3), 128, np.uint8))
    done = CliRunner().invoke(app, ["read", *paths, *crop])
    assert (done.exit_code, done.stdout) == (0, "".join(f"{path}: no plate\n" for path in paths))


def test_bench_wants_conditions_with_a_value(blank: Path) -> None:
    labels = blank.with_name("labels.csv")
    labels.write_text("file,text\nblank.png,12가3456\n", encoding="utf-8")
    arguments = ["bench", str(blank.parent), "--labels", str(labels), "--no-peer"]
    wrong = CliRunner().invoke(app, [*arguments, "--where", "kind"])
    assert wrong.exit_code == 2
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.stderr
    (row, *_) = json.loads(done.stdout)["polewatch"]["groups"]
    assert (row["name"], row["plates"], row["exact"]) == ("all", 1, 0)
