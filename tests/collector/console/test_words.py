"""Korean and English are complete, and every word that a page asks for is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from collector.access import SCOPES, Reads
from collector.console.case_file_api import RECORD
from collector.console.health_view import NOTES
from collector.console.words import WORDS
from collector.links import AGENCIES, POLES
from collector.procedure import STEPS
from collector.services.boards.drivers.base import Why as Failure
from collector.services.boards.layout import Why
from collector.services.boards.record import BoardStatus, Entry, MessageState
from collector.services.case import CaseState
from collector.services.disaster.following import Act
from collector.services.estate.faults import FAULTS, STATES
from collector.services.estate.fields import FIELD_NAMES, KINDS
from collector.services.plate_search import PLATE_COLORS
from collector.services.ranking import Sees
from collector.services.rules.types import Setting
from collector.signer.permit import Service
from collector.step_notes import STEP_NOTES
from collector.store.api_tokens import Role
from collector.store.camera_rules import State as RuleState
from collector.store.case_file import VIEWS
from collector.store.holds import State
from collector.store.rows import Certainty, DeliveryState
from collector.store.work_orders import ORDER_STATES, WHATS
from collector.texts import TYPES
from collector.things import ThingKind
from wire.camera_rules import WEEKDAYS, Crossing, Label
from wire.event import RuleType, Severity, Shows
from wire.evidence import Unproven
from wire.facility import FacilityKind, FacilityMode
from wire.incident import IncidentState
from wire.plates import Paint, VehicleKind
from wire.rule_profiles import ProfileName
from wire.rules import TrialFinding, TrialShown

CONSOLE = Path(__file__).parents[3] / "collector/console"
SOURCES = sorted([*(CONSOLE / "static/js").glob("*.js"), *(CONSOLE / "templates").glob("*.html")])

VERIFIED = ("signature", "chain", "pictures", "times", "files")

# Families whose last part is chosen at run time, with all members that the program knows.
FAMILIES = {
    "type": get_args(RuleType),
    "severity": get_args(Severity),
    "state": get_args(IncidentState),
    "certainty": get_args(Certainty),
    "delivery": ("received", "accepted", "refused", *set(get_args(DeliveryState)) - {"done"}),
    "camera": ("up", "degraded", "down", "unknown"),
    "sound": ("off", "severe", "moderate", "minor"),
    "theme": ("auto", "dark", "light"),
    "agency": ("police", "fire", "centre", "city", "cleaning", "forest"),
    "problem": (),
    "remedy": (),
    "decide": ("confirmed", "rejected", "closed"),
    "service": get_args(Service),
    "boxstate": ("up", "degraded", "down", "unknown"),
    "session": (POLES, AGENCIES),
    "certificate": ("soon", "over"),
    "healthnote": NOTES,
    "healthremedy": NOTES,
    "healthhead": (
        *("state", "device", "cameras", "fault", "figures", "heard"),
        *("camera", "map", "since"),
    ),
    "queue": ("running", "waiting", "over"),
    "happening": ("event", "step", "told", "answer", "ledger", "hold", "case"),
    "ledger": VIEWS,
    "phase": ("open", "update", "close"),
    "shows": get_args(Shows),
    "profile": get_args(ProfileName),
    "record": RECORD,
    "step": STEPS,
    "stepnote": STEP_NOTES,
    "verified": (
        "intact",
        *("altered", "missing", "reordered", "added", "times"),
        *("container", "manifest", "signature", "signer", "attached", "unreadable"),
    ),
    "checked": VERIFIED,
    "checking": VERIFIED,
    "shift": ("came", "waiting", "confirmed", "rejected", "closed", "left"),
    "cameras": ("state", "camera", "fault", "since"),
    "casestate": get_args(CaseState),
    "act": get_args(Act),
    "sees": get_args(Sees),
    "missing": get_args(Unproven.model_fields["reason"].annotation),
    "verdict": ("intact",),
    "read": get_args(Reads),
    "said": (),
    "reads": ("at", "person", "what", "record", "case"),
    "tokens": ("name", "agency", "scopes", "until", "used", "act"),
    "scope": tuple(one.replace(":", "_") for one in SCOPES),
    "tokenrole": get_args(Role),
    "thing": get_args(ThingKind),
    "note": ("hydrant", "street", "hazard"),
    "platecolor": PLATE_COLORS,
    "paint": get_args(Paint),
    "vehiclekind": get_args(VehicleKind),
    "traceend": ("expired", "closed"),
    "lists": ("list", "purpose", "until", "entries", "poles", "confirming", "hits", "act"),
    "crossing": get_args(Crossing),
    "setting": ("seconds", "cooldown_s", "count", "min_height"),
    "unit": get_args(Setting.model_fields["unit"].annotation),
    "label": get_args(Label),
    "weekday": WEEKDAYS,
    "trialstate": get_args(TrialShown.model_fields["state"].annotation),
    "whose": get_args(TrialFinding.model_fields["rules"].annotation),
    "rulestate": get_args(RuleState),
    "direction": ("towards", "away", "left", "right", "standing"),
    "assetstate": STATES,
    "assetfault": FAULTS,
    "assetkind": KINDS,
    "assetfield": ("tag", "kind", "photo", *FIELD_NAMES),
    "assethead": ("state", "asset", "place", "product", "work"),
    "monthhead": ("camera", "rate", "picture", "dark", "unknown", "planned", "outages"),
    "workstate": ORDER_STATES,
    "workwhat": WHATS,
    "boardact": ("approval", "refusal", "end"),
    "boardfault": get_args(Why),
    "boardhead": ("text", "where", "when", "priority", "who", "state", "act"),
    "boardlog": get_args(Entry),
    "boardmessage": (*get_args(MessageState), "over"),
    "boardstatus": get_args(BoardStatus),
    "boardwhy": (*get_args(Failure), "faults"),
    "facilitykind": get_args(FacilityKind),
    "facilitymode": get_args(FacilityMode),
    "holds": tuple(f"state_{one}" for one in get_args(State)),
}

TABLED = "|".join(
    (
        *(
            "ask",
            "assets",
            "export",
            "facts",
            "health",
            "help",
            "holds",
            "link",
            "lists",
            "map",
            "menu",
        ),
        *("plates", "traces", "vehicles", "verify", "video", "wall", "work"),
    )
)
"""Beginnings of keys that also stand in tables."""


def used_keys() -> set[str]:
    found: set[str] = set()
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"""\bt\(\s*["']([a-z_.-]*[a-z])["']""", text))
        # Both sides of a choice, and the keys that tables of facts name.
        found |= set(re.findall(rf"""["']((?:{TABLED})\.[a-z_]+)["']""", text))
        for one, other in re.findall(
            r"""\bt\([^()]*\?\s*["']([a-z_.]+)["']\s*:\s*["']([a-z_.]+)["']\)""", text
        ):
            found |= {one, other}
    return found


def used_families() -> set[str]:
    found: set[str] = set()
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"""\bword\(\s*["']([a-z]+)["']""", text))
        found |= set(re.findall(r"\bt\(`([a-z]+)\.\$\{", text))
    return found


def test_both_languages_have_the_same_keys() -> None:
    assert WORDS["ko"].keys() == WORDS["en"].keys()


def test_no_word_is_empty_and_both_languages_fill_in_the_same_names() -> None:
    for key, korean in WORDS["ko"].items():
        english = WORDS["en"][key]
        assert korean.strip(), key
        assert english.strip(), key
        assert set(re.findall(r"\{(\w+)\}", korean)) == set(re.findall(r"\{(\w+)\}", english)), key


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_used_key_exists(language: str) -> None:
    used = used_keys()
    assert len(used) > 60, "the search for keys finds almost nothing: it no longer fits the sources"
    assert used - WORDS["ko" if language == "ko" else "en"].keys() == set()


def test_every_family_is_known_here_and_complete() -> None:
    assert used_families() <= FAMILIES.keys()
    for family, members in FAMILIES.items():
        missing = [one for one in members if f"{family}.{one}" not in WORDS["ko"]]
        assert missing == [], family


def test_no_word_is_left_over() -> None:
    families = {f"{family}." for family in FAMILIES}
    used = used_keys()
    idle = [
        key
        for key in WORDS["ko"]
        if key not in used and not any(key.startswith(family) for family in families)
    ]
    assert idle == []


def test_types_and_severities_are_called_as_in_the_sentences() -> None:
    for type, (korean, english) in TYPES.items():
        assert WORDS["ko"][f"type.{type}"] == korean
        assert WORDS["en"][f"type.{type}"] == english


def test_faults_bring_their_words() -> None:
    assert WORDS["ko"]["problem.clip.camera-down"] == "카메라가 꺼져 있음"
    assert WORDS["en"]["remedy.device.offline"] == "Check the box's power and uplink"
