"""Deliveries are repeated until acknowledged, held while there is no way, and given up aloud."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collector.changes import Changes
from collector.channels.base import ChannelError, Parcel, Word
from collector.config import DispatchSettings
from collector.dispatch import Dispatch
from collector.routing import Routing
from collector.store import case_file
from collector.store.rows import DeliveryRow
from tests.support.centre import ROUTES
from tests.support.device import SimDevice, finding, jpeg
from tests.support.intake import WayIn
from wire.clock import SimulatedClock
from wire.event import Event, PlatePart
from wire.incident import IncidentAck

NOW = datetime.now(UTC)
TIMING = DispatchSettings(first_retry_s=2, longest_retry_s=60, give_up_after=4)


@dataclass
class Recorder:
    """A channel to nowhere: it takes what it is given, or fails as it is told."""

    name: str = "mqtt"
    refers_back: bool = False
    ready: bool = True
    error: ChannelError | None = None
    parcels: list[Parcel] = field(default_factory=list)
    stills: list[str] = field(default_factory=list)
    word: Word | None = None

    def waits(self, agency: str) -> str | None:
        return None if self.ready else "no way"

    def send(self, parcel: Parcel) -> Word | None:
        if self.error is not None:
            raise self.error
        self.parcels.append(parcel)
        return self.word

    def send_still(self, agency: str, sha256: str, jpeg: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.stills.append(sha256)


class Bench:
    def __init__(self, way_in: WayIn) -> None:
        self.way_in = way_in
        self.clock = SimulatedClock(datetime.now(UTC))
        self.channel = Recorder()
        settings = way_in.settings.model_copy(
            update={"dispatch": TIMING, "public_url": "https://watch.example/"}
        )
        self.dispatch = Dispatch(
            settings,
            way_in.database,
            way_in.desk,
            {"mqtt": self.channel},
            lambda: way_in.routing,
            Changes(),
            self.clock,
            behind=lambda: self.behind,
        )
        self.behind = False
        self.device: SimDevice = way_in.device()

    def table(self, **more: object) -> None:
        """The usual routes and more."""
        self.way_in.routing = Routing.model_validate({**ROUTES, **more})

    def deliveries(self) -> dict[str, DeliveryRow]:
        """By agency and channel."""
        found = self.way_in.reader.incidents().incidents[0].deliveries
        return {f"{one.agency}/{one.channel}": one for one in found}

    def notes(self) -> list[str]:
        return [str(row[0]) for row in self.way_in.rows("SELECT note FROM incident_step") if row[0]]

    def report(self, **event: Any) -> None:
        made = finding(**event)
        self.way_in.events(self.device, self.device.put(made))

    def after(self, seconds: float) -> int:
        self.clock.advance(seconds)
        self.dispatch.round()
        return len(self.channel.parcels)

    def delivery(self) -> DeliveryRow:
        return self.way_in.reader.incidents().incidents[0].deliveries[0]

    def acknowledge(
        self, revision: int | None = None, state: str = "received", ahead_s: float = 0.0
    ) -> None:
        """By an agency whose clock is so far ahead."""
        row = self.delivery()
        ack = IncidentAck.model_validate(
            {
                "delivery_id": row.delivery_id,
                "incident_id": row.incident_id,
                "revision": revision,
                "agency": "police",
                "at": self.clock.now() + timedelta(seconds=ahead_s),
                "state": state,
                "note": "wrong district",
            }
        )
        with self.way_in.database.transaction() as run:
            assert self.way_in.desk.acknowledge(run, "police", ack, self.clock.now())


@pytest.fixture
def bench(way_in: WayIn) -> Bench:
    return Bench(way_in)


def test_it_is_done_only_when_the_agency_says_so(bench: Bench) -> None:
    bench.report()
    assert bench.after(1) == 1
    assert bench.delivery().state == "sent"
    bench.acknowledge()
    assert (bench.delivery().state, bench.delivery().acked) == ("done", 1)
    assert bench.after(1000) == 1


def test_a_clock_that_jumped_ahead_and_came_back_holds_nothing_up(bench: Bench) -> None:
    bench.report()
    bench.clock.step_wall(3e7)
    assert bench.after(1) == 1
    bench.clock.step_wall(-3e7)
    assert bench.after(1) == 2
    assert bench.after(0.1) == 2
    bench.acknowledge()
    assert bench.delivery().state == "done"


@pytest.mark.parametrize("ahead_s", [86_400.0, -86_400.0])
def test_an_agency_s_own_clock_counts_nowhere(bench: Bench, ahead_s: float) -> None:
    bench.report()
    bench.after(1)
    bench.acknowledge(ahead_s=ahead_s)
    row = bench.delivery()
    assert (row.state, row.acked_at) == ("done", bench.clock.now())


def test_an_acknowledgement_faster_than_our_own_note_counts(bench: Bench) -> None:
    bench.report()
    bench.acknowledge(revision=1)
    assert bench.after(1) == 0
    assert bench.delivery().state == "done"


def test_it_is_repeated_ever_rarer_and_given_up_aloud(bench: Bench) -> None:
    bench.report()
    assert bench.after(1) == 1
    assert bench.after(1) == 1
    assert bench.after(1.5) == 2
    assert bench.after(2) == 2
    assert bench.after(3) == 3
    assert bench.after(10) == 4
    row = bench.delivery()
    assert (row.state, row.attempts) == ("failed", 4)
    assert "call police" in str(row.error)
    # A later word still counts.
    bench.acknowledge()
    assert bench.delivery().state == "done"


def test_a_new_revision_replaces_the_old_one(bench: Bench) -> None:
    bench.report()
    bench.after(1)
    bench.report(severity="severe")
    assert bench.delivery().wanted == 2
    assert bench.after(1) == 2
    assert [one.incident.revision for one in bench.channel.parcels] == [1, 2]
    assert len({one.incident.delivery_id for one in bench.channel.parcels}) == 1
    # The word for the first revision leaves the second one open.
    bench.acknowledge(revision=1)
    assert (bench.delivery().state, bench.delivery().acked) == ("sent", 1)
    bench.acknowledge(revision=2)
    assert bench.delivery().state == "done"


def test_while_there_is_no_way_no_attempt_is_counted(bench: Bench) -> None:
    bench.report()
    bench.channel.ready = False
    bench.after(1000)
    assert (bench.delivery().state, bench.delivery().attempts) == ("waiting", 0)
    bench.channel.ready = True
    assert bench.after(0) == 1


def test_a_passing_failure_is_tried_again_and_a_lasting_one_is_shown(bench: Bench) -> None:
    bench.report()
    bench.channel.error = ChannelError("no route to host", permanent=False)
    bench.after(1)
    assert (bench.delivery().state, bench.delivery().error) == ("waiting", "no route to host")
    bench.channel.error = None
    assert bench.after(5) == 1
    assert bench.delivery().error is None
    bench.channel.error = ChannelError("police is not enrolled", permanent=True)
    bench.report(severity="severe")
    bench.after(1)
    assert bench.delivery().state == "failed"


def test_a_refusal_is_shown_and_the_next_revision_is_sent(bench: Bench) -> None:
    bench.report()
    bench.after(1)
    bench.acknowledge(state="refused")
    row = bench.delivery()
    assert (row.state, row.answer) == ("failed", "refused")
    assert "wrong district" in str(row.error)
    bench.report(severity="severe")
    assert bench.after(1) == 2


def test_the_picture_travels_once(bench: Bench) -> None:
    picture = jpeg("x")
    sha256 = hashlib.sha256(picture).hexdigest()
    topic = bench.device.address.still(sha256)
    bench.way_in.take((topic, picture))
    bench.report(still=picture)
    bench.after(1)
    assert bench.channel.parcels[0].still == picture
    bench.report(severity="severe", still=picture)
    bench.after(1)
    assert bench.channel.parcels[1].still is None


def test_a_late_picture_is_sent_alone_and_once(bench: Bench) -> None:
    picture = jpeg("late")
    bench.report(still=picture)
    bench.after(1)
    assert bench.channel.parcels[0].still is None
    sha256 = hashlib.sha256(picture).hexdigest()
    effects = bench.way_in.take((bench.device.address.still(sha256), picture))
    for _ in range(2):
        for incident, arrived in effects.stills_arrived:
            bench.dispatch.still_arrived(incident, arrived)
        bench.after(0)
    assert bench.channel.stills == [sha256]


def test_the_place_before_it_was_dumped_on_reaches_the_agency_beside_the_alarms_picture(
    bench: Bench,
) -> None:
    bench.table(otherwise=["police"])
    alarm, before = jpeg("alarm"), jpeg("before")
    hashes = [hashlib.sha256(one).hexdigest() for one in (alarm, before)]
    opened = finding(type="dumping", still=alarm)
    taken_at = opened.times.started_at - timedelta(seconds=9)
    older = opened.model_copy(
        update={
            "phase": "update",
            "shows": "before",
            "still": finding(still=before).still,
            "still_at": taken_at,
        }
    )
    device = bench.device
    # The links of a pole are not in order: what is older comes first here.
    bench.way_in.events(device, device.put(older))
    assert bench.way_in.reader.incidents().incidents[0].still is None
    bench.way_in.events(device, device.put(opened))
    bench.after(1)
    incident = bench.channel.parcels[-1].incident
    assert incident.still_sha256 == hashes[0]
    assert incident.earlier is not None
    assert [(one.sha256, one.shows) for one in incident.earlier] == [(hashes[1], "before")]
    assert incident.earlier[0].at == taken_at
    for picture, sha256 in zip((alarm, before), hashes, strict=True):
        effects = bench.way_in.take((device.address.still(sha256), picture))
        for named_by, arrived in effects.stills_arrived:
            bench.dispatch.still_arrived(named_by, arrived)
        bench.after(0)
    assert bench.channel.stills == hashes
    bench.report(type="dumping", severity="severe")
    bench.after(1)
    again = bench.channel.parcels[-1]
    assert again.incident.revision > incident.revision
    assert (again.still, again.pictures) == (None, ())
    found = bench.way_in.reader.incident(incident.incident_id)
    assert found is not None
    assert [(one.sha256, one.here) for one in found.earlier] == [(hashes[1], True)]
    with bench.way_in.database.reading() as run:
        beside = case_file.beside(
            run, incident.incident_id, ("pole-001-1", "cam-1"), (NOW, NOW), "no-case"
        )
    assert [(one.sha256, one.shows) for one in beside.stills] == [
        (hashes[1], "before"),
        (hashes[0], None),
    ]


def test_pictures_that_are_here_already_go_with_the_first_delivery(bench: Bench) -> None:
    bench.table(otherwise=["police"])
    alarm, before = jpeg("alarm"), jpeg("before")
    sha256 = hashlib.sha256(before).hexdigest()
    for picture in (alarm, before):
        topic = bench.device.address.still(hashlib.sha256(picture).hexdigest())
        bench.way_in.take((topic, picture))
    opened = finding(type="dumping", still=alarm)
    older = opened.model_copy(
        update={
            "phase": "update",
            "shows": "before",
            "still": finding(still=before).still,
            "still_at": opened.times.started_at,
        }
    )
    bench.way_in.events(bench.device, bench.device.put(opened), bench.device.put(older))
    bench.after(1)
    (parcel,) = bench.channel.parcels
    assert (parcel.still, parcel.pictures) == (alarm, ((sha256, before),))
    assert bench.channel.stills == [sha256]


def test_what_an_agency_reads(bench: Bench) -> None:
    bench.report()
    bench.after(1)
    incident = bench.channel.parcels[0].incident
    assert incident.opened_at.isoformat().endswith("+09:00")
    assert incident.link == f"https://watch.example/incidents/{incident.incident_id}"
    assert len(incident.evidence) == 1


def wanted(text: str, listed: str, **changed: Any) -> Event:
    """A passage of a wanted car."""
    plate = PlatePart(
        text=text, type="p7", confidence=0.97, list_id="wanted", near_match=text != listed,
        listed=listed, list_owner="police", certainty=0.9, crop="/9j/",
    )  # fmt: skip
    return finding(type="plate", **changed).model_copy(update={"plate": plate})


def test_an_agency_reads_the_wanted_plates_with_list_certainty_and_picture(bench: Bench) -> None:
    first, second = wanted("12가3456", "12가3456"), wanted("12거3456", "12가3456")
    over = wanted("12가3456", "12가3456", finding_id=first.finding_id, phase="close")
    assert over.plate is not None
    lighter = over.model_copy(update={"plate": over.plate.model_copy(update={"crop": None})})
    bench.way_in.events(bench.device, *(bench.device.put(one) for one in (first, second, lighter)))
    bench.after(1)
    incident = bench.channel.parcels[0].incident
    assert incident.plates == (first.plate, second.plate)
    assert "12거3456(12가3456 유사), 12가3456 감지" in incident.text_ko


def test_of_many_wanted_plates_the_newest_are_told(bench: Bench) -> None:
    looks = [wanted("12가3456", "12가3456"), *(wanted(f"12가{n}", "12가3456") for n in range(11))]
    tokens = [bench.device.put(one) for one in looks]
    bench.way_in.events(bench.device, *tokens)
    bench.after(1)
    told = [plate.text for plate in bench.channel.parcels[0].incident.plates]
    assert told == [f"12가{n}" for n in range(3, 11)]


def test_evidence_is_bounded_and_keeps_the_first(bench: Bench) -> None:
    made = finding()
    tokens = []
    for phase in ["open", *["update"] * 8, "close"]:
        event = finding(finding_id=made.finding_id, phase=phase)
        tokens.append(bench.device.put(event))
    bench.way_in.events(bench.device, *tokens)
    bench.after(1)
    evidence = [one.encode() for one in bench.channel.parcels[0].incident.evidence]
    assert evidence == [tokens[0], *tokens[-4:]]


LADDER = {
    "agency": "police",
    "within_s": 60,
    "to": ["fire", "centre"],
}


def test_silence_is_escalated_rung_by_rung_and_said(bench: Bench) -> None:
    bench.table(escalations=[LADDER])
    bench.report()
    bench.after(59)
    assert set(bench.deliveries()) == {"police/mqtt"}
    bench.after(2)
    assert set(bench.deliveries()) == {"police/mqtt", "fire/mqtt"}
    assert bench.deliveries()["fire/mqtt"].instead_of == "police"
    assert bench.notes()[-1] == ("police has not acknowledged within 60 s: fire by mqtt is told")
    bench.after(59)
    bench.after(2)
    assert "centre/mqtt" in bench.deliveries()
    bench.after(61)
    assert bench.notes()[-1] == "nobody has acknowledged for police; call police"
    incident = bench.way_in.reader.incidents().incidents[0].incident_id
    shown = bench.way_in.reader.incident(incident)
    assert shown is not None
    assert [(one.agency, one.step, one.result) for one in shown.escalations] == [
        ("police", 2, "exhausted")
    ]
    said = len(bench.notes())
    bench.after(1000)
    assert len(bench.notes()) == said


def test_who_acknowledged_is_not_escalated(bench: Bench) -> None:
    bench.table(escalations=[LADDER])
    bench.report()
    bench.after(1)
    bench.acknowledge()
    bench.after(1000)
    assert set(bench.deliveries()) == {"police/mqtt"}


def test_a_lasting_failure_is_escalated_at_once_and_not_revived(bench: Bench) -> None:
    bench.table(escalations=[LADDER])
    bench.report()
    bench.channel.error = ChannelError("police is not enrolled", permanent=True)
    bench.after(1)
    bench.channel.error = None
    bench.after(1)
    assert bench.deliveries()["police/mqtt"].state == "failed"
    assert bench.deliveries()["fire/mqtt"].state == "sent"
    assert bench.notes()[-1] == "police cannot be reached: fire by mqtt is told"


def test_a_refusal_is_escalated_at_once(bench: Bench) -> None:
    bench.table(escalations=[LADDER])
    bench.report()
    bench.after(1)
    bench.acknowledge(state="refused")
    bench.after(0)
    assert "fire/mqtt" in bench.deliveries()


def test_a_disabled_agency_waits_without_an_attempt_and_is_escalated(bench: Bench) -> None:
    off = {"agency": "police", "channel": "mqtt", "enabled": False}
    bench.table(escalations=[LADDER], endpoints=[off])
    bench.report()
    bench.after(61)
    bench.after(0)
    rows = bench.deliveries()
    assert (rows["police/mqtt"].state, rows["police/mqtt"].attempts) == ("waiting", 0)
    assert rows["fire/mqtt"].state == "sent"


def test_what_has_no_endpoint_any_more_fails_aloud(bench: Bench) -> None:
    bench.report()
    with bench.way_in.database.transaction() as run:
        run.execute("UPDATE delivery SET channel = 'cap'")
    bench.after(1)
    row = bench.delivery()
    assert (row.state, row.error) == (
        "failed",
        "police has no endpoint for cap any more; mend routing.yaml",
    )


def test_a_word_that_comes_at_once_makes_it_done(bench: Bench) -> None:
    bench.channel.word = Word("accepted", "경위 김", "출동")
    bench.report()
    bench.after(1)
    row = bench.delivery()
    assert (row.state, row.answer, row.officer) == ("done", "accepted", "경위 김")
    assert bench.way_in.reader.incidents().incidents[0].state == "acknowledged"


def test_a_message_keeps_its_time_and_refers_to_what_was_sent(bench: Bench) -> None:
    bench.channel.refers_back = True
    bench.report()
    bench.after(1)
    bench.after(5)
    first, again = bench.channel.parcels
    assert first.due_at == again.due_at
    assert first.earlier == ()
    bench.report(severity="severe")
    bench.after(1)
    last = bench.channel.parcels[-1]
    assert last.earlier == ((1, first.due_at),)
    assert last.due_at > first.due_at


def test_nothing_is_repeated_soon_while_words_may_wait_to_be_taken_in(bench: Bench) -> None:
    bench.behind = True
    bench.report()
    assert bench.after(1) == 1
    assert bench.after(TIMING.longest_retry_s * 0.75) == 1
    bench.behind = False
    assert bench.after(TIMING.longest_retry_s * 0.5) == 2
