"""The day's end: the books, the ledger verified; a year later what is due is erased, and again."""

from __future__ import annotations

import csv
from collections import Counter

from tests.support.centre import Program
from tests.support.wait import wait_until
from tests.system.day import books, emergency_video
from tests.system.day.console import LONG_S
from tests.system.day.story import Story
from tests.system.day.town import Town

TITLE = "The evening"
YEAR_S = 366 * 86_400
ERASED = "보존 기간 경과로 파기됨"


def play(town: Town, story: Story) -> None:
    for pole in town.poles.values():
        pole.end()
    wait_until(lambda: books.fault(*_sides(town)) is None, LONG_S, "the books to balance")
    accounts, centre = _sides(town)
    assert books.fault(accounts, centre) is None
    story.tell("the poles have ended; every delivery is acknowledged, on both sides:")
    story.line("          agency  channel  messages  deliveries  acknowledged")
    for one in accounts:
        story.line(
            f"          {one.agency:7} {one.channel:8} {one.messages:8} {len(one.deliveries):11}"
            f" {len(one.acknowledged):13}"
        )
    rows = _record(town, "day.csv")
    assert books.views_of(rows) == Counter(town.views), "views and ledger"
    asked = {row["문서번호"]: (row["부서"], row["직급"], row["성명"]) for row in rows}
    assert asked[emergency_video.CASE] == emergency_video.ROOM
    story.tell(f"{len(town.views)} viewings by the viewers' own notes = {len(rows)} of the record")
    before = town.told("ledger", "verify")
    assert (before["fault"], before["erased"]) == (None, 0)
    story.tell(f"the ledger verifies: {before['entries']} entries, {before['seals']} seal")
    _a_year_later(town)
    log = town.centre.collector.log_file
    wait_until(lambda: "retention.erased" in log.read_text(), LONG_S, "the erasure")
    after = town.told("ledger", "verify")
    assert after["fault"] is None
    assert after["erased"] == before["entries"]
    story.tell(f"a year and a day later {after['erased']} entries' fields are erased in their time")
    later = _record(town, "later.csv")
    assert [(row["성명"], row["비고"]) for row in later] == [("", ERASED)] * len(rows)
    story.tell(f"the ledger verifies again: {after['entries']} entries, {after['seals']} seals")


def _sides(town: Town) -> tuple[list[books.Account], Counter[tuple[str, str, bool]]]:
    town.rooms.check()
    rooms = (town.police, town.fire, town.safety)
    accounts = [
        *(books.of_mqtt(one, town.rooms.said[one.name]) for one in rooms),
        *(books.of_https(one) for one in (town.duty, town.cap)),
    ]
    return accounts, books.by_the_centre(town.console.incidents())


def _record(town: Town, name: str) -> list[dict[str, str]]:
    """The official record of provision, as the centre exports it."""
    file = town.folder / name
    done = town.command("ledger", "export", str(file))
    assert done.returncode == 0, done.stderr
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _a_year_later(town: Town) -> None:
    """The collector once more, by a clock that is so far ahead."""
    town.centre.collector.stop()
    clock = town.folder / "clock"
    clock.write_text(str(YEAR_S))
    program = ["tests.system.chaos.centre", str(town.centre.config), str(clock)]
    town.centre.collector = Program(program, town.centre.folder / "later.log")
    town.centre.collector.start()
