"""An operator looks, and it was no fire: what was said is taken back everywhere."""

from __future__ import annotations

from tests.support.cap import against_the_schema, read_by_another
from tests.support.wait import wait_until
from tests.system.day.console import LONG_S
from tests.system.day.story import Story
from tests.system.day.town import Town

TITLE = "No fire at all"


def play(town: Town, story: Story) -> None:
    sparks = town.given("school", "fire")
    told = town.heard(town.fire, sparks)
    town.console.acknowledged(told.incident_id)
    decision = {"decision": "rejected", "note": "용접 불꽃"}
    path = f"/api/incidents/{told.incident_id}/decision"
    assert town.people["kim"].post(path, json=decision).status_code == 403
    assert town.people["oper"].post(path, json=decision).status_code == 204
    story.tell("a fire at the school that is none: the operator rejects it; an officer may not")

    def documents() -> list[bytes]:
        bodies = [one["body"] for one in town.cap.requests()]
        return [body for body in bodies if told.incident_id.encode() in body]

    def taken_back() -> bytes | None:
        last = documents()[-1]
        return last if read_by_another(last).msg_type.value == "Cancel" else None

    cancel = wait_until(taken_back, LONG_S, "the Cancel")
    assert cancel is not None
    assert against_the_schema(cancel) is None
    first = read_by_another(documents()[0])
    assert f"{first.sender},{first.identifier},{first.sent}" in (
        read_by_another(cancel).references or ""
    )
    town.heard(town.fire, sparks, state="rejected")
    town.console.acknowledged(told.incident_id)
    story.tell("119 gets a CAP Cancel that names the Alert, and acknowledges it")
