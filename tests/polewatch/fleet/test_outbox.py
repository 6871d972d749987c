"""A simulated device's outbox: the agent's numbers, signatures and patience."""

from __future__ import annotations

import random

from joserfc.jwk import OKPKey

from edge_agent.uplink.order import Pace
from edge_agent.uplink.rows import Signer
from polewatch.fleet import city_day
from polewatch.fleet.city_day import Moment
from polewatch.fleet.outbox import Item, MemoryOutbox
from wire.clock import SimulatedClock
from wire.envelope import body, verify
from wire.event import EpochStart, Event, SeqRange
from wire.names import new_id
from wire.receipt import GapRequest, Receipt, Received

SOURCE = "/polewatch/testcity/pole-001-1"


def outbox(clock: SimulatedClock) -> MemoryOutbox:
    signer = Signer("pole-001-1", OKPKey.generate_key("Ed25519"), SOURCE)
    return MemoryOutbox(signer, clock, random.Random(1))


def see(box: MemoryOutbox, clock: SimulatedClock, jpeg: bytes | None = None) -> Item:
    rng = random.Random(2)
    at = Moment(clock.now(), 5.0)
    event = city_day.opening(city_day.CRIME[0], new_id(), at, rng, jpeg)
    return box.put("finding", event, still=jpeg)


def receipt(box: MemoryOutbox, *items: Item, stills: tuple[str, ...] = ()) -> Receipt:
    named = tuple(Received(seq=one.seq, id=one.id) for one in items)
    return Receipt(
        device="pole-001-1", epoch=box.epoch, received=named, stills=stills, contiguous=0
    )


def test_messages_are_signed_and_numbered_from_the_epochs_start_on() -> None:
    clock = SimulatedClock()
    box = outbox(clock)
    first, second = box.begin(new_id()), see(box, clock)
    events = [
        verify(one.payload, lambda _: box.signer.key, source=SOURCE).event
        for one in (first, second)
    ]
    assert [(one.epoch, one.seq) for one in events] == [(box.epoch, 1), (box.epoch, 2)]
    assert body(events[0], EpochStart).reason == "first"
    assert body(events[1], Event).phase == "open"


def test_only_a_receipt_takes_a_message_out() -> None:
    clock = SimulatedClock()
    box = outbox(clock)
    jpeg = city_day.still(3000, random.Random(1))
    item = see(box, clock, jpeg)
    sent = []
    while (one := box.next()) is not None:
        box.sent(one, clock.monotonic())
        sent.append(one)
        if one.what == "still":
            break
    assert [one.what for one in sent] == ["message", "still"]
    assert len(box) == box.in_flight == 2
    told = box.take_receipt(receipt(box, item, stills=(sent[1].id,)))
    assert (told.received, told.stills) == ([item.id], [sent[1].id])
    assert len(box) == box.in_flight == 0
    assert box.take_receipt(receipt(box, item)).received == []


def test_without_a_receipt_it_is_sent_again_as_late_as_an_agent_would() -> None:
    clock = SimulatedClock()
    box = outbox(clock)
    item = see(box, clock)
    box.sent(item, clock.monotonic())
    assert box.next() is None
    clock.advance(Pace().retry_first_s / 2 - 1)
    assert not box.repeat_overdue(clock.monotonic())
    clock.advance(Pace().retry_first_s / 2 + 1)
    assert box.repeat_overdue(clock.monotonic())
    assert box.next() is item


def test_what_the_collector_asks_for_is_sent_unless_it_is_on_its_way() -> None:
    clock = SimulatedClock()
    box = outbox(clock)
    item = see(box, clock)
    box.sent(item, clock.monotonic())
    gap = GapRequest(device="pole-001-1", epoch=box.epoch, ranges=(SeqRange(first=1, last=1),))
    box.take_gap(gap, clock.monotonic())
    assert box.next() is None
    clock.advance(Pace().on_its_way_s + 1)
    box.take_gap(gap, clock.monotonic())
    assert box.next() is item
    box.sent(item, clock.monotonic())
    box.take_receipt(receipt(box, item))
    box.take_gap(gap, clock.monotonic())
    assert box.next() is None
    assert box.asked_gone == 1
