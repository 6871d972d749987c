"""Every endpoint of collector and signer, by its own OpenAPI, tried with every role.

No answer may be an error of ours, and none may hold what the role must not see. What is tried is
derived from the schema, so a new endpoint is tried without a change here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from collector.access import SCOPES
from collector.signer.accounts import ROLES, Account, SignerStore
from provisioning.authority import Authority
from tests.support.broker import BrokerHandle, make_broker, make_city
from tests.support.centre import Centre
from tests.support.device import SimDevice, Wired, finding, jpeg
from tests.support.wait import wait_until

PASSWORD = "correct horse battery"
EXAMPLES = 4
"""Of each kind, fitting and not, for each endpoint and role; a bounded look in every run."""
ENDLESS = {"/api/stream"}
"""Answers for as long as somebody listens: tried on its own below."""
AWAY = {"device.offline", "device.silent", "device.unknown", "command.busy", "console.crowded"}
"""The pole behind it is not there in this test, or many ask at once: said so, and no error."""
PROGRAM = "program"
"""An API token of the police with every scope; not a role."""
SECRET = "SECRET-OF-THE-FIRE-SERVICE"
LEDGER, SEES_LEDGER = "/api/reads", {"privacy", "administrator"}
"""Who keeps the law's records reads purposes in them."""
SEES_FIRE = {"operator", "supervisor"}
"""Roles of the centre that may see what is the fire service's; its own officer aside."""


@dataclass(frozen=True)
class Place:
    """A running centre, with one incident, picture, case and alert of the fire service."""

    centre: Centre
    tokens: dict[str, str]
    incident: str
    still: str
    case: str
    disaster: str

    def cookies(self, who: str | None) -> dict[str, str]:
        return {} if who in (None, PROGRAM) else {"pw_person": self.tokens[who or ""]}

    def headers(self, who: str | None) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.tokens[PROGRAM]}"} if who == PROGRAM else {}
        return {"X-Polewatch": "1", **bearer}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("fuzz")
    city = make_city(folder / "authority")
    broker = make_broker("nats", city, folder / "broker")
    broker.start()
    centre = Centre(folder / "centre", city, broker, {"command_timeout_s": 0.5})
    try:
        yield _filled(centre, city, broker)
    finally:
        centre.stop()
        broker.stop()


def _filled(centre: Centre, city: Authority, broker: BrokerHandle) -> Place:
    store = SignerStore(centre.folder / "signer-data")
    for role in ROLES:
        agency = "police" if role == "officer" else "centre"
        store.add(Account(role, agency, (role,)), PASSWORD, datetime.now(UTC))
    store.add(Account("fireman", "fire", ("officer",)), PASSWORD, datetime.now(UTC))
    store.close()
    centre.signer.start()
    centre.collector.start()
    tokens = {name: _token(centre, name) for name in (*ROLES, "fireman")}
    tokens[PROGRAM] = _api_token(centre, tokens["administrator"])
    device = SimDevice.load(city.register_file, city.identity("pole-001-1"))
    pole = Wired(device, broker).connect()
    picture = jpeg(SECRET)
    pole.send(device.put(finding(type="fire", severity="severe", still=picture)))
    still = pole.still(picture)
    here = "SELECT 1 FROM still WHERE named = 1"
    wait_until(lambda: centre.rows(here), 30, "the picture")
    incident = centre.rows("SELECT incident_id FROM incident")[0]["incident_id"]
    pole.close()
    with sqlite3.connect(centre.folder / "data/collector.sqlite", timeout=10) as run:
        run.execute("UPDATE incident SET text_en = ?", (SECRET,))
    asked = {
        "place": {"lat": 37.5, "lon": 126.7},
        "case": "119-1",
        "purpose": SECRET,
        "basis": "PIPA 18(2)3",
    }
    answer = httpx.post(
        f"{centre.collector.url}/api/services/fire-dispatch",
        json=asked,
        headers={"X-Polewatch": "1"},
        cookies={"pw_person": tokens["fireman"]},
        timeout=60,
    )
    assert answer.status_code == 201, answer.text
    alert = {
        "event": SECRET,
        "agency": "fire",
        "case": "D-1",
        "purpose": SECRET,
        "basis": "PIPA 18(2)3",
        "shapes": {"circles": [[37.5, 126.7, 100]]},
    }
    alerted = httpx.post(
        f"{centre.collector.url}/api/services/disasters",
        json=alert,
        headers={"X-Polewatch": "1"},
        cookies={"pw_person": tokens["operator"]},
        timeout=20,
    )
    assert alerted.status_code == 201, alerted.text
    made = answer.json()["case_id"], alerted.json()["disaster_id"]
    return Place(centre, tokens, incident, still, *made)


def _api_token(centre: Centre, administrator: str) -> str:
    wanted = {"name": "fuzz", "agency": "police", "scopes": list(SCOPES), "per_minute": 6000}
    answer = httpx.post(
        f"{centre.collector.url}/api/tokens",
        json=wanted,
        headers={"X-Polewatch": "1"},
        cookies={"pw_person": administrator},
        timeout=20,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def _token(centre: Centre, name: str) -> str:
    answer = httpx.post(
        f"{centre.collector.url}/api/sign-in",
        json={"name": name, "password": PASSWORD},
        headers={"X-Polewatch": "1"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return str(answer.cookies["pw_person"])


def _line() -> requests.Session:
    """One connection for many attempts; nothing that one leaves in it is kept for the next."""
    made = requests.Session()
    # To look for a proxy costs as much as to ask.
    made.trust_env = False
    return made


def _fault(status: int, content: bytes, what: str) -> None:
    """Raises AssertionError for an answer that is an error of ours."""
    if status < 500:
        return
    try:
        code = json.loads(content)["code"]
    except (ValueError, KeyError, TypeError):
        code = "(no problem document)"
    assert code in AWAY, f"{what}: {status} {code} {content[:300]!r}"


def _cases(url: str) -> list[Any]:
    """Attempts at every operation of the schema at `url`, fitting and not."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    cases: list[Any] = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), f"the schema has a fault: {found}"
        operation = found.ok()
        if operation.path in ENDLESS:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.NEGATIVE and not _takes_something(operation):
                continue

            @settings(
                max_examples=EXAMPLES,
                derandomize=True,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(operation.as_strategy(mode))
            def collect(case: Any) -> None:
                cases.append(case)

            try:
                collect()
            except Unsatisfiable:
                # Of any text in a path there is nothing that does not fit.
                if mode is GenerationMode.POSITIVE:
                    raise
    return cases


def _takes_something(operation: Any) -> bool:
    definition = operation.definition.raw
    return bool(definition.get("parameters") or definition.get("requestBody"))


@pytest.fixture(scope="module")
def attempts(place: Place) -> list[Any]:
    """What every role tries at the collector."""
    return _cases(place.centre.collector.url)


@pytest.fixture(scope="module")
def attempts_at_signer(place: Place) -> list[Any]:
    """What is tried at the signer."""
    return _cases(place.centre.signer.url)


WHO = (*ROLES, PROGRAM, None)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", WHO, ids=lambda who: who or "nobody")
def test_no_endpoint_of_the_collector_errs_or_tells_what_is_not_the_role_s(
    place: Place, attempts: list[Any], who: str | None
) -> None:
    url, headers = place.centre.collector.url, place.headers(who)
    line = _line()
    for case in attempts:
        # Signing out would end what the other attempts need.
        cookies = {} if case.path == "/api/sign-out" else place.cookies(who)
        answer = case.call(base_url=url, session=line, headers=headers, cookies=cookies, timeout=60)
        line.cookies.clear()
        what = f"{case.method} {case.formatted_path}"
        _fault(answer.status_code, answer.content, what)
        if who not in SEES_FIRE and not (who in SEES_LEDGER and what == f"GET {LEDGER}"):
            assert SECRET.encode() not in answer.content, f"{who} sees it by {what}"
    assert len(attempts) > 100


@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", ["officer", "administrator", None], ids=lambda who: who or "nobody")
def test_no_endpoint_of_the_signer_errs(
    place: Place, attempts_at_signer: list[Any], who: str | None
) -> None:
    headers = {} if who is None else {"Authorization": f"Bearer {_token(place.centre, who)}"}
    line = _line()
    for case in attempts_at_signer:
        mine = {} if case.path == "/sign-out" else headers
        answer = case.call(base_url=place.centre.signer.url, session=line, headers=mine, timeout=60)
        line.cookies.clear()
        _fault(answer.status_code, answer.content, f"{case.method} {case.formatted_path}")
    assert len(attempts_at_signer) > 20


@pytest.mark.parametrize("who", [*WHO, "fireman"], ids=lambda who: who or "nobody")
def test_by_their_true_names_the_fire_service_s_things_are_seen_by_whom_they_concern(
    place: Place, who: str | None
) -> None:
    """Random ids meet nothing: each path that takes one is asked with the one that is there."""
    url, allowed = place.centre.collector.url, who in SEES_FIRE or who == "fireman"
    schema = httpx.get(f"{url}/openapi.json").json()
    known = {"incident_id": place.incident, "case_id": place.case, "sha256": place.still}
    known["disaster_id"] = place.disaster
    asked = seen = 0
    before = len(_reads(place))
    with httpx.Client(
        base_url=url, cookies=place.cookies(who), headers=place.headers(who), timeout=60
    ) as client:
        for path, methods in schema["paths"].items():
            if "get" not in methods or path in ENDLESS:
                continue
            answer = client.get(path.format_map(_Known(known)))
            _fault(answer.status_code, answer.content, f"GET {path}")
            asked += 1
            shown = SECRET.encode() in answer.content
            seen += shown and path != LEDGER
            ledger = path == LEDGER and who in SEES_LEDGER
            assert allowed or not shown or ledger, f"{who} sees it by GET {path}"
            if shown and path != LEDGER:
                entered = _reads(place)[before:]
                assert any(one["path"] == answer.url.path for one in entered), f"unlogged: {path}"
    assert asked > 15
    # Lists and details of incident and case, and the picture.
    assert (seen >= 5) == allowed


def _reads(place: Place) -> list[dict[str, Any]]:
    """What the ledger says was read."""
    rows = place.centre.rows(
        "SELECT fields FROM ledger JOIN ledger_fields USING (number)"
        " WHERE kind = 'personal.read' ORDER BY number"
    )
    return [json.loads(row["fields"]) for row in rows]


class _Known(dict[str, str]):
    """Any other name in a path is one that nothing has."""

    def __missing__(self, key: str) -> str:
        return "none"


@pytest.mark.parametrize("who", ["officer", "technician"])
def test_the_live_stream_of_others_is_silent_about_it(place: Place, who: str) -> None:
    url = f"{place.centre.collector.url}/api/stream"
    with (
        httpx.Client(cookies=place.cookies(who), timeout=60) as client,
        client.stream("GET", url) as answer,
    ):
        lines = answer.iter_lines()
        assert any(line == "event: resync" for line in lines)
        with sqlite3.connect(
            Path(place.centre.folder) / "data/collector.sqlite", timeout=10
        ) as run:
            count = run.execute("SELECT count(*) FROM incident").fetchone()[0]
        # That of the picture, and that of the alert.
        assert count == 2
        # The operator's decision changes the incident; the others' streams go on without it.
        decided = httpx.post(
            f"{place.centre.collector.url}/api/incidents/{place.incident}/decision",
            json={"decision": "confirmed"},
            headers={"X-Polewatch": "1"},
            cookies=place.cookies("operator"),
            timeout=60,
        )
        assert decided.status_code in (204, 409)
        for line in lines:
            assert SECRET not in line
            if line.startswith("event: beat") or line.startswith("event: summary"):
                break
