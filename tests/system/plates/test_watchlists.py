"""Lists on the way to a pole and on it: hits arrive, nothing else does, and no list lies open."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.util import urlsafe_b64decode

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.told import Process
from tests.support.wait import wait_until
from tests.system.plates.poles import DEVICE, ListSender, given_pole, real_agent
from tests.system.uplink.centre import Centre
from wire.envelope import body
from wire.event import AuditEvent, Event
from wire.names import new_id
from wire.sealed import BootKey, seal

WANTED, NEAR, REMOVED, STRANGER = "12가3456", "34나5678", "56다7891", "78도9012"


@pytest.fixture
def centre(city: Authority, broker: BrokerHandle) -> Iterator[Centre]:
    centre = Centre(city, broker, DEVICE)
    try:
        centre.wait_listening()
        yield centre
    finally:
        centre.close()


@pytest.fixture
def pole(city: Authority, broker: BrokerHandle, tmp_path: Path) -> Iterator[Process]:
    pole = given_pole(city, broker, tmp_path / "pole")
    yield pole
    pole.kill()


@pytest.fixture
def agent(city: Authority, broker: BrokerHandle, tmp_path: Path) -> Iterator[Process]:
    agent = real_agent(city, broker, tmp_path / "agent")
    yield agent
    agent.kill()


def events(centre: Centre) -> list[Event]:
    with centre._lock:
        found = [one for one in centre.events.values() if one.kind == "finding"]
    return [body(one, Event) for one in sorted(found, key=lambda one: one.seq or 0)]


def audits(centre: Centre) -> list[tuple[str, str | None]]:
    with centre._lock:
        found = [one for one in centre.events.values() if one.kind == "audit"]
    told = [body(one, AuditEvent) for one in sorted(found, key=lambda one: one.seq or 0)]
    return [(one.action, one.code) for one in told]


def on_disk(folder: Path) -> bytes:
    """Everything that lies under a folder, but for the diary, which is the pole's own."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return b"".join(file.read_bytes() for file in files if not file.name.startswith("plates."))


def sent_by(centre: Centre) -> str:
    """Everything that the pole sent, readable."""
    with centre._lock:
        tokens = list(centre.tokens.values())
    payloads = [json.loads(urlsafe_b64decode(token.split(b".")[1])) for token in tokens]
    heard = [*centre.replies, *centre.states, *centre.windows]
    texts = [json.dumps(one, ensure_ascii=False) for one in payloads]
    return "\n".join([*texts, *(one.model_dump_json() for one in heard)])


def test_a_listed_plate_is_told_with_its_proof_and_who_is_not_or_no_more_listed_never(
    centre: Centre, pole: Process
) -> None:
    pole.start()
    sender = ListSender(centre)
    (delta,) = sender.sealed(WANTED, REMOVED, "99주9999")
    assert sender.send(delta).message == "3 entries, 0 duplicates, 0 unusable"
    (change,) = sender.sealed(remove=(REMOVED,), base_version=1, operation="change")
    assert sender.send(change).ok
    assert pole.say(STRANGER) == {"passed": STRANGER, "diary": 1}
    assert pole.say(REMOVED)["diary"] == 2
    assert pole.say(WANTED)["diary"] == 3
    pole.end()
    wait_until(lambda: len(events(centre)) == 2, 60, "the hit, opened and closed")
    opened, closed = events(centre)
    assert (opened.phase, closed.phase) == ("open", "close")
    assert (opened.rule, opened.type, opened.severity) == ("wanted", "plate", "severe")
    plate = opened.plate
    assert plate is not None
    assert (plate.text, plate.listed, plate.near_match) == (WANTED, WANTED, False)
    assert (plate.list_id, plate.list_owner) == ("wanted", "police")
    assert plate.certainty is not None
    assert plate.certainty > 0.9
    assert base64.b64decode(plate.crop or "").startswith(b"\xff\xd8")
    assert opened.still is not None
    wait_until(lambda: opened.still and opened.still.sha256 in centre.stills, 60, "the still")
    # Nothing of the others left: no event, no still, no word.
    assert len(centre.stills) == 1
    assert STRANGER not in sent_by(centre)
    assert REMOVED not in sent_by(centre)
    assert WANTED in sent_by(centre)
    log = pole.log_file.read_text()
    assert WANTED not in log
    assert STRANGER not in log


@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_what_is_replayed_foreign_or_altered_is_refused_and_told(
    centre: Centre, pole: Process
) -> None:
    pole.start()
    sender = ListSender(centre)
    (delta,) = sender.sealed(WANTED)
    command = sender.command(delta)
    token = centre.send("command", command)
    assert sender.wait_reply(command).ok
    centre.send("command", command, token=token)
    head, payload, signature = token.split(b".")
    centre.send("command", command, token=b".".join((head, payload[:-8] + b"AAAAAAAA", signature)))
    foreign = command.model_copy(update={"device": "pole-002-1", "command_id": new_id()})
    centre.send("command", foreign)
    others = seal(b"{}", BootKey().public)
    unreadable = sender.send(delta.model_copy(update={"cipher": others, "version": 2}))
    moved = sender.send(delta.model_copy(update={"list_id": "overdue"}))
    late = sender.send(sender.sealed("56다7890", base_version=5, operation="change")[0])
    codes = [one.code for one in (unreadable, moved, late)]
    assert codes == ["watchlist.unreadable", "watchlist.unreadable", "watchlist.base"]
    wait_until(lambda: len(audits(centre)) >= 7, 60, "seven records")
    assert sorted(audits(centre)[1:]) == sorted(
        [
            ("command.refused", "command.replayed"),
            ("command.refused", "command.invalid"),
            ("command.refused", "command.foreign"),
            ("watchlist.refused", "watchlist.unreadable"),
            ("watchlist.refused", "watchlist.unreadable"),
            ("watchlist.refused", "watchlist.base"),
        ]
    )
    assert audits(centre)[0] == ("watchlist.applied", None)
    pole.say(WANTED)
    pole.end()
    wait_until(lambda: len(events(centre)) == 2, 60, "the hit all the same")


@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_the_real_agent_keeps_a_list_encrypted_and_over_its_death(
    centre: Centre, agent: Process
) -> None:
    agent.start(fault_point="watchlist.kept")
    sender = ListSender(centre)
    (delta,) = sender.sealed(WANTED)
    command = sender.command(delta)
    centre.send("command", command)
    agent.wait_killed(60)
    assert sender.reply(command.command_id) is None
    stored = on_disk(agent.folder / "data")
    assert (agent.folder / "data" / "watchlists" / "wanted.list").stat().st_size > 100
    for secret in (WANTED.encode(), b"stolen vehicles", "가".encode()):
        assert secret not in stored
    before = centre.windows[-1].boot_id
    agent.start()
    # Its dead forerunner's last window may come late.
    wait_until(lambda: centre.windows[-1].boot_id != before, 60, "the agent again")
    # It stands at version 1: a delta that builds on it is taken, the first one is not.
    again = sender.send(sender.sealed(WANTED)[0])
    assert again.code == "watchlist.base"
    grown = sender.send(sender.sealed(NEAR, base_version=1, operation="change")[0])
    assert grown.message == "2 entries, 0 duplicates, 0 unusable"
    assert WANTED not in agent.log_file.read_text()


@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_killed_before_it_is_kept_a_list_is_absent_whole_and_can_be_sent_again(
    centre: Centre, agent: Process
) -> None:
    agent.start(fault_point="watchlist.written")
    sender = ListSender(centre)
    centre.send("command", sender.command(sender.sealed(WANTED)[0]))
    agent.wait_killed(60)
    before = centre.windows[-1].boot_id
    agent.start()
    # Its dead forerunner's last window may come late.
    wait_until(lambda: centre.windows[-1].boot_id != before, 60, "the agent again")
    assert list((agent.folder / "data" / "watchlists").iterdir()) == []
    assert sender.send(sender.sealed(WANTED)[0]).ok


@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_a_hundred_thousand_entries_arrive(centre: Centre, agent: Process) -> None:
    agent.start()
    sender = ListSender(centre)
    plates = [f"{10 + n // 9000}가{1000 + n % 9000}" for n in range(100_000)]
    parts = sender.sealed(*plates)
    assert len(parts) > 30
    for part in parts:
        reply = sender.send(part)
        assert reply.ok, reply
    assert reply.message == "100000 entries, 0 duplicates, 0 unusable"
