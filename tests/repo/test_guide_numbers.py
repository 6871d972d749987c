"""The technician's pages name only numbers and commands that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from polewatch.docs import entries
from wire.codes import FAULTS

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide"
PAGES = ("technician.md", "provisioning.md")


@pytest.mark.parametrize("name", PAGES)
def test_every_number_is_a_faults(name: str) -> None:
    known = {fault.number for fault in FAULTS.values()}
    named = set(re.findall(r"PW-\d{3}", (GUIDE / name).read_text()))
    assert named
    assert named <= known


@pytest.mark.parametrize("name", PAGES)
def test_every_command_is_one(name: str) -> None:
    known = [entry.path for entry in entries()]
    text = (GUIDE / name).read_text()
    named = set(re.findall(r"polewatch (?:provision|agent|broker) [a-z]+", text))
    assert named
    groups = {" ".join(path.split()[:3]) for path in known}
    assert named <= groups
