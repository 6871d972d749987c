"""Fault codes: complete in both languages, numbers unique, unknown ones kept."""

from __future__ import annotations

import re

from wire.codes import FAULTS, explain, fault


def test_every_fault_says_what_it_is_and_what_to_do_in_both_languages() -> None:
    for entry in FAULTS.values():
        assert re.fullmatch(r"PW-\d{3}", entry.number)
        for text in (entry.title_en, entry.remedy_en):
            assert text.isascii()
            assert text
        for text in (entry.title_ko, entry.remedy_ko):
            assert re.search("[가-힣]", text), entry.code


def test_a_code_of_a_newer_version_is_shown_as_it_is() -> None:
    assert fault("camera.on-fire").title_en == "camera.on-fire"
    assert "PW-101" in explain("camera.unreachable")
