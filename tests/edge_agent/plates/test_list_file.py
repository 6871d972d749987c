"""Lists from text files, and how a plate stands in the output of `analyze`."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.analyze import RecordedFinding
from edge_agent.plates.list_file import read_lists
from tests.edge_agent.plates.passing import hit, passage
from tests.edge_agent.plates.reads import read
from wire.settings import SettingsError


def test_a_file_is_a_list_of_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "wanted.txt").write_text("﻿12가 3456 # blue van\n\n# nobody\n34나-5678\n")
    lists = read_lists([tmp_path / "wanted.txt"])
    assert set(lists.lists["wanted"].entries) == {"12가3456", "34나5678"}
    assert lists.match(read("12가3456"), None)[0].list_id == "wanted"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("Wanted Cars.txt", b"12\xea\xb0\x803456", "must be called like"),
        ("wanted.txt", b"\xff\xfe\x00bad", "cannot be read as text"),
    ],
)
def test_a_file_that_is_no_list_is_named(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=message):
        read_lists([tmp_path / name])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        read_lists([tmp_path / "nowhere.txt"])


def test_a_plate_in_the_output_has_the_words_of_plates_read_and_its_list() -> None:
    found = passage(hits=(hit("19가3456", near=True),))
    line = RecordedFinding("hot", "plate", 0.4, 1.0, 2.0, 0.97, None, (7,), found.box, plate=found)
    plate = line.as_json()["plate"]
    assert (plate["text"], plate["type"], plate["color"]) == ("12가3456", "p7", "white")
    assert (plate["list"], plate["listed"], plate["near"]) == ("wanted", "19가3456", True)
    assert RecordedFinding("r", "fall", 0, 1, 2, 0.9, None, (), None).as_json()["plate"] is None
