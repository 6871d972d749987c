"""Labels of a folder, the rows of a report, and a peer that is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from polewatch.plates import tesseract
from polewatch.plates.bench import LabelsError, Outcome, read_labels
from polewatch.plates.score import Judged


def written(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_labels_name_crops_and_scenes(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "\ufefffile,text,kind,type,half\n"
        "a.jpg,12 가 3456,crop,p7,development\n"
        "b.jpg,서울33바1234|123가4567,scene,,frozen\n"
        "c.jpg,,crop,,frozen\n",
    )
    crop, scene = read_labels(path)
    assert (crop.texts, crop.scene, crop.type) == (("12가3456",), False, "p7")
    assert (scene.texts, scene.scene) == (("서울33바1234", "123가4567"), True)
    assert read_labels(path, {"half": "development"}) == [crop]


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        ("file,label\na.jpg,1\n", {}, "no column text"),
        ("file,text\n", {}, "no column file, text"),
        ("file,text\na.jpg,12가3456\n", {"half": "frozen"}, "no column half"),
        ("file,text,half\na.jpg,12가3456,x\n", {"half": "frozen"}, "no picture with a text"),
        ("file,text\na.jpg,\n", {}, "no picture with a text"),
    ],
)
def test_labels_without_what_is_needed_are_named(
    tmp_path: Path, text: str, where: dict[str, str], reason: str
) -> None:
    with pytest.raises(LabelsError, match=rf"labels.csv: .*{reason}"):
        read_labels(written(tmp_path, text), where)


def test_labels_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match=r"nowhere.csv: cannot be read"):
        read_labels(tmp_path / "nowhere.csv")
    (tmp_path / "korean.csv").write_bytes("file,text\na,가".encode("cp949"))
    with pytest.raises(LabelsError, match=r"korean.csv: cannot be read as UTF-8"):
        read_labels(tmp_path / "korean.csv")


def test_the_report_goes_by_type_and_by_width() -> None:
    judged = (
        Judged("a", "12가3456", "12가3456", 0.99, "p7", 120),
        Judged("b", "12가3456", "12거3456", 0.5, "p7", 60),
        Judged("c", "123가4567", "123가4567", 0.4, "p8", 60),
    )
    rows = {row.name: row for row in Outcome("polewatch", judged, 0).rows()}
    assert list(rows) == ["all", "p7", "p8", "50-74 px", "100-149 px"]
    every = rows["all"]
    assert (every.plates, every.exact, every.characters, every.characters_right) == (3, 2, 22, 21)
    assert (every.covered, every.flawless) == (1, 1)
    assert every.low < 2 / 3 < every.high
    assert rows["50-74 px"].exact == 1


def test_a_missing_tesseract_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        tesseract.TesseractError, match="apt install tesseract-ocr tesseract-ocr-kor"
    ):
        tesseract.require()
