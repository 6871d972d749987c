"""The reference page is what the models say, and every key says what it is for."""

from __future__ import annotations

from polewatch.config_reference import TARGET, reference


def test_the_page_is_fresh() -> None:
    assert TARGET.read_text() == reference(), "run: python -m polewatch.config_reference"


def test_every_key_is_explained() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 60
    bare = [row for row in rows if row.split("|")[4].strip() == ""]
    assert bare == []
