"""Service 4, disaster: a room's CAP Alert opens an area's cameras; its Update and Cancel count."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from collector.channels.signature import HEADER, sign
from collector.services.place import Point
from tests.support.agencies import SECRET
from tests.support.cap import against_the_schema, read_by_another
from tests.system.day import plan
from tests.system.day.console import LONG_S
from tests.system.day.story import Story
from tests.system.day.town import Town

TITLE = "4  A disaster"
SEOUL = ZoneInfo("Asia/Seoul")
RADIUS_KM = 0.3
FORM = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>{identifier}</identifier><sender>119@incheon.example</sender><sent>{sent}</sent>
  <status>Actual</status><msgType>{kind}</msgType><scope>Private</scope>
  <addresses>polewatch</addresses>{references}
  <info><language>ko-KR</language><category>Met</category><event>호우경보</event>
    <urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>
    <headline>시간당 80 mm</headline>
    <area><areaDesc>계산동</areaDesc><circle>{at.lat:.6f},{at.lon:.6f} {radius}</circle></area>
  </info>
</alert>"""


@dataclass
class Room:
    """The situation room's machine, with a CAP writer of its own."""

    town: Town
    sent: list[str] = field(default_factory=list)
    """References of its messages."""

    def say(self, kind: str, at: Point) -> None:
        """A message about the first one; raises AssertionError unless the centre answers an Ack."""
        now = datetime.now(SEOUL).isoformat(timespec="seconds")
        identifier = f"KR-{len(self.sent) + 1}"
        about = f"<references>{' '.join(self.sent)}</references>" if self.sent else ""
        text = FORM.format(
            identifier=identifier, sent=now, kind=kind, references=about, at=at, radius=RADIUS_KM
        ).encode()
        assert against_the_schema(text) is None
        headers = {HEADER: sign(SECRET.encode(), text, datetime.now(SEOUL))}
        url = f"{self.town.url}/api/services/cap/incheon"
        answer = httpx.post(url, content=text, headers=headers, timeout=LONG_S)
        assert answer.status_code == 200, answer.text
        word = read_by_another(answer.content)
        mine = f"119@incheon.example,{identifier},{now}"
        assert (word.msg_type.value, word.references) == ("Ack", mine)
        self.sent.append(mine)


def play(town: Town, story: Story) -> None:
    park = town.people["park"]
    room = Room(town)
    room.say("Alert", plan.MARKET)
    told = town.heard(town.safety, type="disaster")
    town.console.acknowledged(told.incident_id)
    (alert,) = park.get("/api/services/disasters").json()
    assert _wall(park, alert) == ["market", "school"]
    assert town.people["kim"].get("/api/services/disasters").json() == []
    story.tell("heavy rain at the market: the room's CAP Alert opens a wall of its cameras")
    market = _approved(town, alert)
    first = town.watch(("safety", "park"), town.officer("park"), *market)
    story.tell(f"the operator approves; the room sees the market after {first.first_s:.1f} s")
    room.say("Update", plan.SCENE)
    assert _wall(park, alert) == ["corner", "street"]
    street = _approved(town, alert)
    town.watch(("safety", "park"), town.officer("park"), *street)
    story.tell("its Update moves the area: other cameras, another approval, the street is seen")
    room.say("Cancel", plan.SCENE)
    town.heard(town.safety, type="disaster", state="closed")
    town.console.acknowledged(told.incident_id)
    assert park.get("/api/services/disasters").json() == []
    story.tell("its Cancel ends it: the wall is dark, and the room's program has heard of the end")


def _wall(officer: httpx.Client, alert: dict[str, Any]) -> list[str]:
    answer = officer.get(f"/api/services/disasters/{alert['disaster_id']}/wall")
    assert answer.status_code == 200, answer.text
    return sorted(one["camera"] for one in answer.json()["cameras"])


def _approved(town: Town, alert: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The case as the operator has approved it, and its first camera."""
    path = f"/api/services/cases/{alert['case_id']}/approval"
    answer = town.people["oper"].post(path)
    assert answer.status_code == 200, answer.text
    case: dict[str, Any] = answer.json()
    return case, case["cameras"][0]
