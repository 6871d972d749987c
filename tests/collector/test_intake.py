"""What judged messages change in a real database, and what may be said after the commit."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest

from collector.store.refusals import Bounds
from collector.verdict import judge
from tests.support.device import SimDevice, finding, jpeg, read
from tests.support.intake import WayIn
from wire.event import AuditEvent, CameraState, EpochStart, LossRecord, SeqRange
from wire.health import DeviceState
from wire.names import new_id
from wire.receipt import Received

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def loss(device: SimDevice, first: int, last: int, **more: object) -> LossRecord:
    return LossRecord.model_validate(
        {
            "lost_epoch": device.epoch,
            "ranges": [SeqRange(first=first, last=last)] if last else [],
            "count": max(0, last - first + 1),
            "by_severity": {},
            "reason": "age",
            **more,
        }
    )


def test_an_event_is_kept_as_it_came_and_receipted(way_in: WayIn) -> None:
    device = way_in.device()
    token = device.put(finding())
    effects = way_in.events(device, token)
    event = read(token)
    draft = effects.receipts[device.address, device.epoch]
    assert list(draft.received.values()) == [Received(seq=1, id=event.id)]
    assert draft.contiguous == 1
    assert way_in.rows("SELECT id, token FROM event") == [(event.id, token)]
    page = way_in.reader.incidents()
    assert [one.type for one in page.incidents] == ["intrusion"]
    assert page.incidents[0].deliveries[0].agency == "police"


def test_a_redelivery_changes_nothing_and_is_receipted_again(way_in: WayIn) -> None:
    device = way_in.device()
    token = device.put(finding())
    way_in.events(device, token)
    before = way_in.rows("SELECT * FROM incident")
    effects = way_in.events(device, token, token)
    assert effects.duplicates == ["pole-001-1"] * 2
    assert effects.new_events == 0
    assert read(token).id in effects.receipts[device.address, device.epoch].received
    assert way_in.rows("SELECT * FROM incident") == before
    assert way_in.rows("SELECT duplicates FROM device") == [(2,)]


def test_the_same_batch_may_hold_the_same_message_twice(way_in: WayIn) -> None:
    device = way_in.device()
    token = device.put(finding())
    assert way_in.events(device, token, token).new_events == 1


def test_gaps_are_seen_across_a_restart_and_closed_by_events_and_losses(way_in: WayIn) -> None:
    device = way_in.device()
    tokens = [device.put(finding()) for _ in range(6)]
    effects = way_in.events(device, tokens[1], tokens[5])
    assert effects.receipts[device.address, device.epoch].contiguous == 0
    way_in.intake.forget()
    with way_in.database.reading() as run:
        gaps = way_in.intake.numbers(run, "pole-001-1", device.epoch).gaps()
    assert gaps == [(1, 1), (3, 5)]
    assert way_in.rows("SELECT contiguous, highest, missing FROM progress") == [(0, 6, 4)]
    assert way_in.reader.devices()[0].missing == 4
    effects = way_in.events(device, tokens[0], device.put(loss(device, 3, 5), "loss"))
    assert effects.receipts[device.address, device.epoch].contiguous == 7
    # What was given up and comes after all is welcome.
    assert way_in.events(device, tokens[3]).new_events == 1


def test_a_loss_of_an_earlier_epoch_closes_that_ones_gap(way_in: WayIn) -> None:
    device = way_in.device()
    old, tokens = device.epoch, [device.put(finding()) for _ in range(3)]
    way_in.events(device, tokens[2])
    device.epoch, device.seq = new_id(), 0
    record = loss(device, 1, 2, lost_epoch=old)
    way_in.events(device, device.put(record, "loss"))
    rows = way_in.rows("SELECT epoch, contiguous, missing FROM progress ORDER BY begun_at")
    assert rows == [(old, 3, 0), (device.epoch, 1, 0)]


def test_the_tail_of_an_ended_epoch_is_missed(way_in: WayIn) -> None:
    device = way_in.device()
    old, tokens = device.epoch, [device.put(finding()) for _ in range(3)]
    way_in.events(device, tokens[0])
    device.epoch, device.seq = new_id(), 0
    start = EpochStart(
        previous=old, previous_last_seq=3, reason="commanded", boot_id=device.boot_id
    )
    effects = way_in.events(device, device.put(start, "epoch"))
    assert effects.ended == {(device.address, old)}
    way_in.intake.forget()
    with way_in.database.reading() as run:
        assert way_in.intake.numbers(run, "pole-001-1", old).gaps() == [(2, 3)]
    assert way_in.reader.devices()[0].missing == 2
    way_in.events(device, *tokens[1:])
    rows = way_in.rows("SELECT epoch, contiguous, missing FROM progress ORDER BY begun_at")
    assert rows == [(old, 3, 0), (device.epoch, 1, 0)]


def test_a_fork_is_kept_and_said(way_in: WayIn) -> None:
    device = way_in.device()
    first = device.put(finding())
    device.seq = 0
    second = device.put(finding())
    effects = way_in.events(device, first, second)
    assert effects.forks == {(device.address, device.epoch)}
    assert len(effects.receipts[device.address, device.epoch].received) == 2
    assert way_in.rows("SELECT forked FROM event ORDER BY rowid") == [(0,), (1,)]
    # Redelivered, it is a duplicate like any other, and no second alarm.
    effects = way_in.events(device, second)
    assert (effects.forks, effects.new_events) == (set(), 0)


def test_an_id_is_used_once(way_in: WayIn) -> None:
    device, other = way_in.device(), way_in.device("pole-002-1")
    id = new_id()
    way_in.events(device, device.put(finding(), id=id))
    effects = way_in.events(device, device.put(finding(), id=id))
    assert list(effects.receipts[device.address, device.epoch].refused) == [id]
    effects = way_in.events(other, other.put(finding(), id=id))
    assert list(effects.receipts[other.address, other.epoch].refused) == [id]
    assert way_in.rows("SELECT reason, count(*) FROM quarantine") == [("id-reuse", 2)]
    assert way_in.rows("SELECT count(*) FROM event") == [(1,)]


def test_signed_nonsense_is_quarantined_once_and_holds_nothing_up(way_in: WayIn) -> None:
    device = way_in.device()
    device.seq = 1
    event = device.wrap(finding(), "finding", seq=1)
    bad = device.sign(event.model_copy(update={"data": {}}))
    for _ in range(3):
        effects = way_in.events(device, bad, device.put(finding()))
        assert list(effects.receipts[device.address, device.epoch].refused) == [event.id]
    assert effects.receipts[device.address, device.epoch].contiguous == 4
    assert way_in.rows("SELECT reason, signer, payload FROM quarantine") == [
        ("schema", "pole-001-1", bad)
    ]


def test_what_fails_inside_leaves_no_effect_behind(way_in: WayIn) -> None:
    device = way_in.device()
    token = device.put(finding())
    topic = device.address.event()
    way_in.intake.begin()
    with way_in.database.transaction() as run:
        run.execute("SAVEPOINT message")
        run.execute("ALTER TABLE incident_event RENAME TO gone")
        with pytest.raises(Exception, match="incident_event"):
            way_in.intake.take(run, judge(topic, token, way_in.trust), topic, token, NOW)
        run.execute("ROLLBACK TO message")
        way_in.intake.forget()
        effects = way_in.intake.end(run, NOW)
    assert effects.receipts == {}
    assert effects.changes == {}
    assert way_in.rows("SELECT count(*) FROM event") == [(0,)]
    assert way_in.events(device, token).new_events == 1


def test_a_still_is_believed_when_a_verified_event_names_it(way_in: WayIn) -> None:
    device = way_in.device()
    picture = jpeg("one")
    sha256 = hashlib.sha256(picture).hexdigest()
    effects = way_in.take((device.address.still(sha256), picture))
    assert effects.receipts == {}
    assert way_in.reader.still(sha256) is None
    effects = way_in.events(device, device.put(finding(still=picture)))
    assert list(effects.receipts[device.address, device.epoch].stills) == [sha256]
    assert way_in.reader.still(sha256) == picture
    assert way_in.reader.incidents().incidents[0].still_here


def test_a_still_may_follow_its_event_and_come_twice(way_in: WayIn) -> None:
    device = way_in.device()
    picture = jpeg("two")
    sha256 = hashlib.sha256(picture).hexdigest()
    effects = way_in.events(device, device.put(finding(still=picture)))
    assert list(effects.receipts[device.address, device.epoch].stills) == []
    incident = way_in.reader.incidents().incidents[0].incident_id
    for _ in range(2):
        effects = way_in.take((device.address.still(sha256), picture))
        assert list(effects.receipts[device.address, device.epoch].stills) == [sha256]
    assert effects.stills_arrived == [(incident, sha256)]


def test_an_event_of_another_device_names_no_still(way_in: WayIn) -> None:
    device, other = way_in.device(), way_in.device("pole-002-1")
    picture = jpeg("three")
    sha256 = hashlib.sha256(picture).hexdigest()
    way_in.events(other, other.put(finding(still=picture)))
    effects = way_in.take((device.address.still(sha256), picture))
    assert effects.receipts == {}
    assert way_in.reader.still(sha256) is None


def test_camera_states_never_go_back(way_in: WayIn) -> None:
    device = way_in.device()
    states = [
        device.put(
            CameraState(camera="cam-1", state=state, at=NOW, quality="synchronised"), "camera"
        )
        for state in ("up", "down")
    ]
    way_in.events(device, states[1])
    effects = way_in.events(device, states[0])
    assert [one.kind for one in effects.changes] == []
    assert [one.state for one in way_in.reader.cameras()] == ["down"]


def test_a_new_boot_ends_what_the_old_one_left_open(way_in: WayIn) -> None:
    device = way_in.device()
    way_in.take((device.address.state(), device.online()))
    way_in.events(device, device.put(finding(boot_id=device.boot_id)))
    assert way_in.reader.summary().incidents_ongoing == 1
    way_in.take((device.address.state(), device.offline()))
    assert way_in.reader.summary().incidents_ongoing == 1
    assert not way_in.reader.devices()[0].online
    old, device.boot_id = device.offline(), new_id()
    way_in.take((device.address.state(), device.online()))
    assert way_in.reader.summary().incidents_ongoing == 0
    # The last will of the old boot comes late.
    way_in.take((device.address.state(), old))
    assert way_in.reader.devices()[0].online


def test_presence_is_shown(way_in: WayIn) -> None:
    device = way_in.device()
    state = DeviceState(
        state="offline", boot_id=device.boot_id, since=NOW, version="9", reason="last will"
    )
    token = device.sign(device.wrap(state, "state"))
    effects = way_in.take((device.address.state(), token))
    assert effects.states == [("pole-001-1", state)]
    row = way_in.reader.devices()[0]
    assert (row.online, row.since, row.version, row.reason) == (False, NOW, "9", "last will")


def test_what_happened_on_the_pole_stands_in_the_ledger(way_in: WayIn) -> None:
    device = way_in.device()
    audit = AuditEvent(
        action="session.end", at=NOW, quality="synchronised", person="kim", bytes_sent=5
    )
    refused = AuditEvent(
        action="command.refused", at=NOW, quality="synchronised", code="command.replayed"
    )
    way_in.events(device, device.put(audit, "audit"), device.put(refused, "audit"))
    assert way_in.rows("SELECT kind FROM ledger") == [("pole.session.end",)]
    assert way_in.rows("SELECT what, device FROM security_log") == [
        ("pole.command.replayed", "pole-001-1")
    ]


@pytest.mark.parametrize(
    "action",
    [
        "export",
        "export.refused",
        "export.end",
        "hold.placed",
        "hold.released",
        "hold.refused",
        "recording.deleted",
    ],
)
def test_what_becomes_of_recordings_stands_in_the_ledger(way_in: WayIn, action: str) -> None:
    device = way_in.device()
    said = {"action": action, "at": NOW, "quality": "synchronised", "camera": "cam-1", "bytes": 7}
    way_in.events(device, device.put(AuditEvent.model_validate(said), "audit"))
    query = "SELECT kind, fields FROM ledger JOIN ledger_fields USING (number)"
    ((kind, fields),) = way_in.rows(query)
    assert kind == f"pole.{action}"
    assert (json.loads(str(fields))["camera"], json.loads(str(fields))["bytes"]) == ("cam-1", 7)


def test_the_quarantine_is_bounded_and_signed_messages_stay_longest(
    way_in: WayIn,
) -> None:
    way_in.intake._bounds = Bounds(rows=10, bytes=10_000_000, payload_bytes=50)
    device = way_in.device()
    newer = device.wrap(finding(), "finding", seq=1)
    newer = newer.model_copy(update={"dataschema": "urn:polewatch:finding:2.0"})
    way_in.events(device, device.sign(newer))
    for n in range(40):
        way_in.events(device, f"garbage {n} ".encode() * 20)
    rows = way_in.rows("SELECT reason, length(payload), bytes FROM quarantine ORDER BY number")
    assert len(rows) == 10
    assert rows[0][0] == "version"
    assert rows[-1][1:] == (50, 220)
    assert way_in.rows("SELECT value FROM counter WHERE name = 'quarantine.evicted'") == [(31,)]
    # A flood is one line a minute, with its count.
    times = way_in.rows("SELECT sum(times), count(*) FROM security_log WHERE what = 'malformed'")
    assert times[0][0] == 40
    assert int(str(times[0][1])) <= 2


def test_hostile_text_reaches_the_tables_as_text(way_in: WayIn) -> None:
    device = way_in.device()
    nasty = "'; DROP TABLE event; --\x00\x1b[2J\u202e"
    event = device.wrap(finding(), "finding", seq=1)
    data = {**event.data, "type": nasty}
    effects = way_in.events(device, device.sign(event.model_copy(update={"data": data})))
    assert effects.new_events == 1
    assert way_in.reader.incidents().incidents[0].type == nasty
    way_in.take((f"pw/up/{nasty}", b"?"))
    (topic,) = way_in.rows("SELECT topic FROM quarantine")[0]
    assert "\x1b" not in str(topic)
