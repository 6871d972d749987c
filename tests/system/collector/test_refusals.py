"""What nobody should send ends in the quarantine and the security log, and holds nothing up."""

from __future__ import annotations

import json
from pathlib import Path

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.centre import Centre
from tests.support.device import SimDevice, Wired, finding, jpeg, read
from tests.support.wait import wait_until
from wire.envelope import MAX_MESSAGE_BYTES, sign_bytes
from wire.event import LossRecord, SeqRange


def _reasons(centre: Centre) -> dict[str, int]:
    rows = centre.rows("SELECT reason, count(*) AS n FROM quarantine GROUP BY reason")
    return {row["reason"]: row["n"] for row in rows}


def test_bad_messages_are_kept_apart_and_the_good_ones_pass(
    centre: Centre, pole: Wired, broker: BrokerHandle, city: Authority
) -> None:
    centre.collector.start()
    device = pole.device
    other = SimDevice.load(city.register_file, city.identity("pole-002-1"))
    good = device.put(finding())
    foreign = other.put(finding())
    altered = bytearray(device.sign(device.wrap(finding(), "finding", seq=900)))
    altered[len(altered) // 2] ^= 1
    impossible = device.wrap(finding(), "finding", seq=2)
    impossible = impossible.model_copy(update={"data": {**impossible.data, "confidence": 7}})
    device.seq = 2
    newer = device.wrap(finding(), "finding", seq=3)
    newer = newer.model_copy(update={"dataschema": "urn:polewatch:finding:2.0"})
    device.seq = 3
    deep = json.loads(device.wrap(finding(), "finding", seq=901).model_dump_json())
    deep["data"] = {}
    text = json.dumps(deep).replace('"data": {}', '"data": ' + '{"a":' * 5000 + "1" + "}" * 5000)
    pole.send(
        b"not a token at all",
        bytes(altered),
        foreign,
        b"x" * (MAX_MESSAGE_BYTES + 1),
        sign_bytes(text.encode(), device.identity.name, device.identity.key),
        device.sign(impossible),
        device.sign(newer),
        device.sign(device.wrap(finding(), "finding")),
        good,
        good,
        good,
    )
    fine = device.put(finding())
    pole.send(fine)
    pole.peer.publish(device.address.still("0" * 64), jpeg("not that hash"))
    pole.peer.publish(device.address.still("1" * 64), b"\xff\xd8\xff" + b"x" * 70_000)
    pole.peer.publish(f"{device.address.up}/nonsense", b"?")

    wait_until(
        lambda: (
            _reasons(centre)
            == {
                "malformed": 1,
                "signature": 1,
                # Signed by a device that may not speak on this topic.
                "unknown-signer": 1,
                "oversized": 2,
                # Too deep, and a confidence of 7.
                "schema": 2,
                "version": 1,
                "unnumbered": 1,
                "still-hash": 1,
                "topic": 1,
            }
        ),
        40,
        "all refusals",
    )
    wait_until(lambda: not pole.hear().outbox, 30, "receipts of the good ones")
    wait_until(lambda: pole.hear().contiguous == 4, 30, "no gap is left")
    assert device.receipted == {read(good).id, read(fine).id}
    # What was signed but can never be accepted is told apart, so that the pole stops sending it.
    assert device.refused == {impossible.id, newer.id}
    assert len(centre.rows("SELECT id FROM event")) == 2
    assert centre.rows("SELECT duplicates FROM device")[0]["duplicates"] == 2
    logged = {row["what"] for row in centre.rows("SELECT what FROM security_log")}
    assert logged == set(_reasons(centre))


def test_a_number_that_comes_twice_is_a_fork_and_loses_nothing(centre: Centre, pole: Wired) -> None:
    centre.collector.start()
    device = pole.device
    pole.peer.publish(device.address.state(), device.online(), retain=True)
    window = device.sign(device.wrap(device.window(), "window"))
    pole.peer.publish(device.address.window(), window, retain=True)
    first = device.put(finding())
    pole.send(first)
    wait_until(lambda: not pole.hear().outbox, 30, "the first receipt")
    # A restored card: the same number again for another event.
    device.seq = 0
    second = device.put(finding())
    pole.send(second)
    wait_until(lambda: not pole.hear().outbox, 30, "the second receipt")
    assert device.receipted == {read(first).id, read(second).id}
    wait_until(lambda: pole.hear().commands, 30, "a command")
    command = read(device.commands[0]).data
    assert command["action"] == {"name": "epoch.begin", "forked_epoch": device.epoch}
    assert command["window_id"] == read(window).data["window_id"]
    forked = centre.rows("SELECT id, forked FROM event ORDER BY received_at, rowid")
    assert [row["forked"] for row in forked] == [0, 1]
    assert "fork" in {row["what"] for row in centre.rows("SELECT what FROM security_log")}


def test_what_is_missing_is_asked_for(centre: Centre, pole: Wired) -> None:
    centre.collector.start()
    device = pole.device
    tokens = [device.put(finding()) for _ in range(5)]
    pole.send(tokens[0], tokens[3], tokens[4])
    wait_until(lambda: pole.hear().gaps, 40, "a gap request")
    gap = device.gaps[0]
    assert gap.epoch == device.epoch
    assert [(one.first, one.last) for one in gap.ranges] == [(2, 3)]
    # One is still there, the other is named as lost.
    pole.send(tokens[1])
    lost = LossRecord(
        lost_epoch=device.epoch,
        ranges=(SeqRange(first=3, last=3),),
        count=1,
        by_severity={"moderate": 1},
        reason="age",
    )
    pole.send(device.put(lost, "loss"))
    wait_until(lambda: pole.hear().contiguous == 6, 30, "no gap is left")
    assert centre.rows("SELECT missing FROM progress")[0]["missing"] == 0


def test_a_still_that_nobody_names_is_let_go(
    tmp_path: Path, city: Authority, broker: BrokerHandle, pole: Wired
) -> None:
    centre = Centre(tmp_path / "quick", city, broker, {"inbox": {"hold_stills_s": 3}})

    def counted() -> bool:
        rows = centre.rows("SELECT name, value FROM counter")
        return [tuple(row) for row in rows] == [("still.orphaned", 1)]

    try:
        centre.collector.start()
        pole.still(jpeg("orphan"))
        wait_until(lambda: centre.rows("SELECT 1 FROM still") or counted(), 30, "the held still")
        wait_until(counted, 60, "the orphan to be counted")
        assert centre.rows("SELECT 1 FROM still") == []
        pole.hear()
        assert pole.device.stills == set()
    finally:
        centre.stop()


def test_a_stranger_of_the_same_city_is_refused(
    centre: Centre, city: Authority, broker: BrokerHandle
) -> None:
    centre.collector.start()
    device = SimDevice.load(city.register_file, city.identity("pole-002-1"))
    wired = Wired(device, broker).connect()
    try:
        wired.send(device.put(finding()))
        wait_until(lambda: not wired.hear().outbox, 30, "a receipt while enrolled")
        # The broker is not told: the collector must refuse by itself.
        city.revoke("pole-002-1")

        def refused() -> bool:
            wired.send(device.put(finding()))
            return "stranger" in _reasons(centre)

        wait_until(refused, 60, "a refusal after the revocation")
        assert {row["device"] for row in centre.rows("SELECT device FROM security_log")} == {
            "pole-002-1"
        }
    finally:
        wired.close()
