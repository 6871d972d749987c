"""Every endpoint declares what it reads and which tokens may ask; the default is to refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from pydantic import BaseModel

from collector.access import SCOPES, Declared, Scope
from collector.api_tokens import TokenBody
from collector.services.case import Fix, Personal, Requester, Subject
from collector.store.holds import HeldRecording
from provisioning.authority import Authority
from tests.support.whole_web import WholeWeb

PERSONAL = (Requester, Subject, Fix, Personal, HeldRecording)
"""Models that are about somebody. What the console answers as plain JSON is tried by content, in
tests/system/services/test_fuzz.py."""
ENTERED_OTHERWISE = 201
"""What was just asked for stands in the ledger by itself."""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, town: Authority) -> Iterator[WholeWeb]:
    made = WholeWeb(tmp_path_factory.mktemp("web"), town)
    yield made
    made.close()


def routes(web: WholeWeb) -> list[Any]:
    every = iter_route_contexts(web.app.routes)
    found = [one for one in every if isinstance(one.original_route, APIRoute)]
    assert len(found) > 50
    return found


def declared(route: Any) -> list[Declared]:
    return [one.call for one in route.dependant.dependencies if isinstance(one.call, Declared)]


def is_personal(kind: Any) -> bool:
    """Whether an answer of this type holds, somewhere inside, what is about somebody."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return issubclass(kind, PERSONAL) or any(
            is_personal(one.annotation) for one in kind.model_fields.values()
        )
    return any(is_personal(one) for one in get_args(kind))


def names(route: Any) -> str:
    return f"{' '.join(sorted(route.methods or ()))} {route.path}"


def test_every_route_declares_once(web: WholeWeb) -> None:
    wrong = [names(one) for one in routes(web) if len(declared(one)) != 1]
    assert wrong == [], "each endpoint wants one collector.access.declares(…)"


def test_every_route_whose_answer_is_about_somebody_says_so(web: WholeWeb) -> None:
    about = [
        one
        for one in routes(web)
        if is_personal(one.response_model) and one.status_code != ENTERED_OTHERWISE
    ]
    assert len(about) > 5
    wrong = [names(one) for one in about if declared(one)[0].reads is None]
    assert wrong == [], 'say what is read: collector.access.declares("…")'


def test_a_token_asks_what_its_scopes_name_and_nothing_else(web: WholeWeb) -> None:
    """Every route, with every scope but its own, and those for people with all of them."""
    secrets = {
        one: web.token(f"all-but-{one.replace(':', '-')}", *(set(SCOPES) - {one})) for one in SCOPES
    }
    every = web.token("every", *SCOPES)
    refused = 0
    with TestClient(web.app, raise_server_exceptions=False) as client:
        for route in routes(web):
            (mine,) = declared(route)
            secret = every if mine.scope is None else secrets[mine.scope]
            path = re.sub(r"{[^}]*}", "x", route.path)
            for method in route.methods or ():
                headers = {"Authorization": f"Bearer {secret}", "X-Polewatch": "1"}
                answer = client.request(method, path, headers=headers, follow_redirects=False)
                assert answer.status_code == 403, f"{method} {route.path}: {answer.text[:200]}"
                assert answer.json()["code"] == "auth.forbidden"
                refused += 1
    assert refused > 50


def test_what_needs_a_person_has_no_scope(web: WholeWeb) -> None:
    for route in routes(web):
        last = route.path.rsplit("/", 1)[-1]
        if last in ("approval", "opening", "refusal", "closing", "grants", "unit", "decision"):
            assert declared(route)[0].scope is None, names(route)
        if route.path.startswith(("/whep", "/api/tokens", "/api/holds")):
            assert declared(route)[0].scope is None, names(route)


def test_a_token_is_known_by_its_hash_and_ends_by_time_revocation_and_rate(web: WholeWeb) -> None:
    body = TokenBody(name="cad-112", agency="police", scopes=("assets:read",), days=1, per_minute=2)
    made = web.tokens.make(body, "admin")
    with TestClient(web.app) as client:
        client.headers["Authorization"] = f"Bearer {made.token}"
        assert client.get("/api/cameras").status_code == 200
        assert client.get("/api/cameras").status_code == 200
        limited = client.get("/api/cameras")
        assert (limited.status_code, limited.json()["code"]) == (429, "auth.locked")
        assert int(limited.headers["Retry-After"]) <= 60
        web.clock.advance(61)
        assert client.get("/api/cameras").status_code == 200
        web.clock.advance(25 * 3600)
        assert client.get("/api/cameras").status_code == 401
        client.headers["Authorization"] = f"Bearer {web.token('second', 'assets:read')}"
        assert client.get("/api/cameras").status_code == 200
        web.tokens.revoke("second", "admin")
        assert client.get("/api/cameras").status_code == 401
        client.headers["Authorization"] = "Bearer pwt_guessed"
        assert client.get("/api/cameras").status_code == 401
    known = {one.name: one for one in web.tokens.every()}
    assert known["cad-112"].used_at is not None
    assert known["second"].revoked_by == "admin"
    stored = web.database_bytes()
    assert made.token.encode() not in stored
    assert b"cad-112" in stored
    entries = web.ledger("token.made") + web.ledger("token.revoked")
    assert {"cad-112", "second"} <= {one["name"] for one in entries}
    assert made.token not in str(entries)


def test_what_is_read_is_entered_with_who_what_and_for_which_case(web: WholeWeb) -> None:
    secret = web.token("reader", "incidents:read")
    before = len(web.ledger("personal.read"))
    with TestClient(web.app, headers={"Authorization": f"Bearer {secret}"}) as client:
        assert client.get("/api/incidents?limit=5").status_code == 200
        missing = "01930000-0000-7000-8000-000000000000"
        assert client.get(f"/api/incidents/{missing}").status_code == 404
        assert client.get("/api/summary").status_code == 200
    (entry,) = web.ledger("personal.read")[before:]
    assert (entry["person"], entry["agency"], entry["what"]) == (
        "token:reader", "police", "incidents",
    )  # fmt: skip
    assert entry["asked"] == "limit=5"


def test_what_cannot_be_entered_is_not_shown(web: WholeWeb) -> None:
    secret = web.token("unlucky", "incidents:read")
    with TestClient(web.app, headers={"Authorization": f"Bearer {secret}"}) as client:
        assert client.get("/api/incidents").status_code == 200
        with web.ledger_refuses():
            answer = client.get("/api/incidents")
        assert (answer.status_code, answer.json()["code"]) == (503, "disk.full")
        assert client.get("/api/incidents").status_code == 200


def test_scopes_are_those_that_endpoints_have(web: WholeWeb) -> None:
    used: set[Scope | None] = {declared(one)[0].scope for one in routes(web)}
    assert used - {None} == set(SCOPES)


def test_an_agency_s_program_sees_the_reads_of_its_agency_alone(web: WholeWeb) -> None:
    mine = web.token("auditor", "ledger:read", "incidents:read")
    body = TokenBody(name="engine", agency="fire", scopes=("incidents:read",))
    other = web.tokens.make(body, "admin").token
    with TestClient(web.app) as client:
        for secret in (mine, other):
            headers = {"Authorization": f"Bearer {secret}"}
            assert client.get("/api/incidents", headers=headers).status_code == 200
        headers = {"Authorization": f"Bearer {mine}"}
        found = client.get("/api/reads", headers=headers).json()["reads"]
        named = client.get("/api/reads?person=token:engine", headers=headers).json()["reads"]
    assert {one["agency"] for one in found} == {"police"}
    assert named == []


def test_the_schema_of_all_of_it_can_be_read(web: WholeWeb) -> None:
    with TestClient(web.app) as client:
        assert len(client.get("/openapi.json").json()["paths"]) > 40
