"""Rules of a camera at the centre: drawn on what counts, led to the box, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.services.rules import api
from collector.services.rules.desk import RulesDesk as CentreDesk
from collector.services.rules.keeper import RulesKeeper, Step, next_step
from collector.services.rules.types import type_facts
from collector.store import devices
from collector.store.camera_rules import Revision
from edge_agent.config import AgentSettings
from edge_agent.drawn.desk import RulesDesk
from edge_agent.drawn.vault import RulesVault, rules_of
from edge_agent.uplink.commands import Handler
from provisioning.authority import Authority
from tests.support.listed_poles import ListedPoles
from tests.support.service_bench import ServiceBench
from tests.wire.samples import SAMPLES
from wire.camera_rules import RULE_TYPES, CameraRules
from wire.health import Health
from wire.rules import RulesHealth

HERE = "pole-001-1"
URL = f"/api/rules/{HERE}/cam-1"
YARD = {"id": "yard", "polygon": [[0.1, 0.1], [0.6, 0.1], [0.6, 0.6]]}
FILE = {"zones": [YARD], "rules": [{"id": "in", "type": "intrusion", "zone": "yard"}]}
CROWD = {"zones": [YARD], "lines": [], "rules": [{"id": "in", "type": "crowd", "zone": "yard"}]}
FALL = {"zones": [], "lines": [], "rules": [{"id": "down", "type": "fall"}]}
AT = datetime(2026, 3, 1, tzinfo=UTC)


class City:
    """A centre and one box that goes by its file until it is told otherwise."""

    def __init__(self, bench: ServiceBench, folder: Path, town: Authority) -> None:
        self.bench = bench
        self.folder = folder
        self.file: dict[str, Any] = FILE
        self.desk: RulesDesk
        self.poles = ListedPoles(folder / "poles", town, bench.clock, self._box)
        self.poles.add(HERE)
        self.keeper = RulesKeeper(bench.database, self.poles.commander, bench.clock)
        centre = CentreDesk(
            bench.database, self.poles.commander, bench.clock, self.poles.names, lambda: None
        )
        bench.app.include_router(api.build_router(centre, bench.database, bench.persons))

    def _box(self, _name: str) -> Mapping[str, Handler]:
        settings = AgentSettings.model_validate(
            {
                "site": "testcity", "shard": "00",
                "trust": {"collector": self.folder / "c.pem", "signer": self.folder / "s.pem"},
                "data": self.folder / "box",
                "cameras": [{"id": "cam-1", "url": "rtsp://10.0.0.1/1", **self.file}],
            }
        )  # fmt: skip
        vault = RulesVault(settings.data / "rules")
        counts = rules_of(settings, vault)
        self.desk = RulesDesk(settings, vault, counts, self.bench.clock, lambda *_a, **_f: None)
        self.desk.watches(lambda _camera, _rules: lambda: None, ())
        return {"rules.show": self.desk.show, "config.apply": self.desk.apply}

    def tell(self) -> None:
        """The box's next health arrives."""
        self.bench.clock.advance(5)
        health = SAMPLES["health"]
        assert isinstance(health, Health)
        (camera,) = health.cameras
        told = camera.model_copy(update={"rules": self.desk.told("cam-1")})
        with self.bench.database.transaction() as run:
            heard = health.model_copy(update={"cameras": (told,)})
            devices.health(run, HERE, heard, self.bench.clock.now())

    def change(self, configuration: dict[str, Any], who: str = "oper", **changed: Any) -> Any:
        body = {"configuration": configuration, "reason": "a gate was moved", **changed}
        if "replaces_sha256" not in body:
            body["replaces_sha256"] = self.asked(f"{URL}/base")["sha256"]
        with self.bench.client(who) as client:
            return client.put(URL, json=body)

    def asked(self, url: str = URL) -> Any:
        with self.bench.client("oper") as client:
            return client.get(url).json()


@pytest.fixture
def city(bench: ServiceBench, tmp_path: Path, town: Authority) -> City:
    return City(bench, tmp_path, town)


def test_a_change_is_led_to_the_box_and_shown_as_applied_once_it_said_so(city: City) -> None:
    made = city.change(CROWD)
    assert made.status_code == 200, made.text
    assert (made.json()["revision"], made.json()["state"]) == (1, "waiting")
    assert [(one["revision"], one["state"]) for one in city.asked()["revisions"]] == [
        (1, "waiting"),
        (0, "applied"),
    ]
    city.keeper.round()
    assert city.desk.rules("cam-1") == CameraRules.model_validate(CROWD)
    assert city.asked()["revisions"][0]["state"] == "applied"
    city.tell()
    assert (city.asked()["told"]["source"], city.asked()["told"]["revision"]) == ("centre", 1)
    (entry,) = city.bench.ledger("rules.changed")
    assert (entry["person"], entry["reason"], entry["rules"]) == (
        "oper",
        "a gate was moved",
        ["in: crowd"],
    )


def test_who_draws_on_what_has_changed_is_told_who_changed_it(city: City) -> None:
    first = city.asked(f"{URL}/base")["sha256"]
    assert city.change(CROWD).status_code == 200
    refused = city.change(FALL, "chief", replaces_sha256=first)
    assert (refused.status_code, refused.json()["code"]) == (409, "rules.stale")
    assert "oper made revision 1 at" in refused.json()["detail"]
    assert "a gate was moved" in refused.json()["detail"]
    assert "oper" in refused.json()["detail_ko"]


def test_what_is_bad_is_told_before_anything_is_kept(city: City) -> None:
    bow = [[0.1, 0.1], [0.6, 0.7], [0.6, 0.1], [0.1, 0.6]]
    bad: dict[str, Any] = CROWD | {"zones": [{"id": "yard", "polygon": bow}]}
    with city.bench.client("tech") as client:
        (fault,) = client.post("/api/rules/check", json={"configuration": bad}).json()
    assert fault["where"] == "zones.yard.polygon"
    assert "crosses itself" in fault["message"]
    assert "교차" in fault["message_ko"]
    refused = city.change(bad)
    assert (refused.status_code, refused.json()["code"]) == (422, "rules.invalid")
    assert city.asked()["revisions"] == []


@pytest.mark.parametrize(("who", "status"), [("tech", 403), ("kim", 403), ("admin", 200)])
def test_who_may_change_rules(city: City, who: str, status: int) -> None:
    sha256 = city.asked(f"{URL}/base")["sha256"]
    assert city.change(CROWD, who, replaces_sha256=sha256).status_code == status


def test_a_box_that_is_away_is_led_on_when_it_is_back_past_what_it_missed(city: City) -> None:
    city.change(CROWD)
    city.keeper.round()
    city.tell()
    city.poles.away(HERE)
    assert city.change(FALL).status_code == 200
    assert city.change(FILE).json()["revision"] == 3
    city.keeper.round()
    assert city.desk.told("cam-1").revision == 1
    city.poles.back(HERE)
    city.keeper.device_came(HERE)
    city.keeper.round()
    assert city.desk.told("cam-1").revision == 3
    assert [one["state"] for one in city.asked()["revisions"]] == [
        "applied",
        "passed-over",
        "applied",
        "applied",
    ]


def test_a_file_that_the_technician_changed_meanwhile_is_not_run_over(city: City) -> None:
    city.change(CROWD)
    city.file = FALL
    city.poles.add(HERE)
    city.tell()
    city.keeper.round()
    newest = city.asked()["revisions"][0]
    assert (newest["state"], newest["code"]) == ("refused", "rules.stale")
    assert city.desk.told("cam-1").source == "file"
    again = city.change(CROWD)
    assert again.json()["revision"] == 3
    city.keeper.round()
    assert (city.desk.told("cam-1").revision, city.asked()["revisions"][0]["state"]) == (
        3,
        "applied",
    )


def test_a_box_that_lost_its_card_is_led_back(city: City) -> None:
    city.change(CROWD)
    city.keeper.round()
    (city.folder / "box" / "rules" / "cam-1.json").unlink()
    city.poles.add(HERE)
    assert city.desk.told("cam-1").source == "file"
    city.tell()
    city.keeper.round()
    assert city.desk.told("cam-1").revision == 1


def _revision(state: str, **changed: Any) -> Revision:
    usual = {
        "device": HERE, "camera": "cam-1", "revision": 2, "sha256": "b" * 64,
        "replaces_sha256": "a" * 64, "configuration": {}, "made_at": AT, "made_by": "oper",
        "reason": "", "state": state, "state_at": AT,
    }  # fmt: skip
    return Revision(**{**usual, **changed})


@pytest.mark.parametrize(
    ("state", "told", "after_s", "step"),
    [
        ("waiting", None, 0, Step("send", "a" * 64)),
        ("waiting", "a", 9, Step("send", "a" * 64)),
        ("waiting", "c", 9, Step("send", "c" * 64)),
        ("waiting", "f", 9, Step("send", "a" * 64)),
        ("waiting", "b", 9, Step("confirm")),
        ("applied", "b", 9, None),
        ("applied", "f", 9, Step("send", "f" * 64)),
        ("applied", "a", 1, None),
        ("applied", None, 0, None),
        ("refused", "a", 9, None),
    ],
)
def test_what_leads_a_box_on(
    state: str, told: str | None, after_s: float, step: Step | None
) -> None:
    health = told and RulesHealth(source="centre", revision=1, sha256=told * 64)
    known = {letter * 64 for letter in "abc"}
    at = AT + timedelta(seconds=after_s)
    assert next_step(_revision(state), known, health or None, at if health else None) == step


def test_every_type_has_facts_that_its_own_validation_agrees_with() -> None:
    zones = [YARD | {"direction": [[0.5, 0.9], [0.5, 0.1]]}]
    lines = [{"id": "gate", "points": [[0.2, 0.5], [0.6, 0.5]]}]
    assert [one.type for one in type_facts()] == list(RULE_TYPES)
    for one in type_facts():
        least = {setting.key: setting.least for setting in one.settings}
        most = {setting.key: setting.most for setting in one.settings}
        place = {"zone": "yard"} if one.zone == "needed" or one.along else {}
        place |= {"line": "gate"} if one.line == "needed" else {}
        for numbers in (least, most, {}):
            count = {"count": int(numbers["count"])} if "count" in numbers else {}
            rule = {"id": "r", "type": one.type, **place, **numbers, **count}
            CameraRules.model_validate({"zones": zones, "lines": lines, "rules": [rule]})
