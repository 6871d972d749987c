"""A unit on its way, with nothing but the link that the room sent to its phone."""

from __future__ import annotations

from typing import Any

import httpx

from collector.guard import CSRF_HEADER
from collector.services.place import Point
from tests.support.wait import wait_until
from tests.system.day import plan
from tests.system.day.console import LONG_S
from tests.system.day.town import Town


class Unit:
    """`case` is an approved one of a dispatch; `room` is the officer who sends the link."""

    def __init__(self, town: Town, case: dict[str, Any], room: str, name: str) -> None:
        self.name = f"{name} ({room})"
        """As the ledger names it: the unit, and who sent its link."""
        answer = town.people[room].post(
            f"/api/services/cases/{case['case_id']}/unit", json={"unit": name, "minutes": 30}
        )
        assert answer.status_code == 201, answer.text
        bearer = {"Authorization": f"Bearer {answer.json()['url'].partition('#')[2]}"}
        self._phone = httpx.Client(base_url=town.url, headers=bearer, timeout=LONG_S)
        # As its page does it: from now on this phone alone may ask.
        opened = self._phone.post("/api/unit/opening", headers={CSRF_HEADER: "1"})
        assert opened.status_code == 204, opened.text

    def shows(self) -> dict[str, Any]:
        """All that its page shows."""
        answer = self._phone.get("/api/unit")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def picture(self, path: str) -> bytes:
        """A still of its case."""
        answer = self._phone.get(path)
        assert answer.headers["content-type"] == "image/jpeg", answer.text
        return answer.content

    def nearest_first(self, here: Point) -> list[str]:
        """The case's cameras as they are ranked for where the unit is."""

        def told() -> httpx.Response | None:
            # A second after the last, not sooner.
            answer = self._phone.post("/api/unit/position", json=plan.place(here))
            return None if answer.status_code == httpx.codes.TOO_MANY_REQUESTS else answer

        answer = wait_until(told, 10, "the centre to take another position")
        assert answer is not None
        assert answer.status_code == 200, answer.text
        return [one["camera"] for one in answer.json()["cameras"]]

    def ask_grant(self, wanted: dict[str, Any]) -> httpx.Response:
        return self._phone.post("/api/unit/grants", json=wanted)

    def shut_out(self) -> bool:
        """Whether its link opens nothing any more."""
        code: int = self._phone.get("/api/unit").status_code
        return code == httpx.codes.UNAUTHORIZED

    def close(self) -> None:
        self._phone.close()
