"""The disk of an old board in a new one: another epoch, and nothing lost in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from edge_agent.uplink.outbox import Limits, Outbox
from edge_agent.uplink.rows import Signer
from edge_agent.uplink.store import set_aside
from tests.edge_agent.uplink.poles import BOOT, open_outbox, put, receipt
from wire.clock import SimulatedClock
from wire.envelope import body, verify
from wire.event import EpochStart, LossRecord
from wire.topics import DeviceAddress

KEY = OKPKey.generate_key("Ed25519")
ADDRESS = DeviceAddress("gyeyang", "0a", "pole-001-2")


def open_new_board(folder: Path) -> Outbox:
    signer = Signer("pole-001-2", KEY, ADDRESS.source)
    limits = Limits(reserve_bytes=64 * 1024)
    return Outbox.open(folder / "outbox", signer, SimulatedClock(), limits, boot_id=BOOT)


@pytest.mark.parametrize("cut_off", [False, True])
def test_the_new_board_begins_its_own_epoch_and_names_what_the_old_one_kept(
    tmp_path: Path, cut_off: bool
) -> None:
    old = open_outbox(tmp_path)
    first, *_ = (put(old) for _ in range(3))
    old.apply_receipt(receipt(first, contiguous=first.seq))
    old.close()
    if cut_off:
        set_aside(tmp_path / "outbox")
    new = open_new_board(tmp_path)
    messages = [
        verify(item.payload, lambda kid: KEY if kid == "pole-001-2" else None).event
        for item in new.claim(100)
        if item.what == "message"
    ]
    (start,) = [body(one, EpochStart) for one in messages if one.kind == "epoch"]
    assert (start.previous, start.previous_last_seq) == (first.epoch, first.seq + 2)
    (loss,) = [body(one, LossRecord) for one in messages if one.kind == "loss"]
    assert loss.lost_epoch == first.epoch
    assert [(one.first, one.last) for one in loss.ranges] == [(first.seq + 1, first.seq + 2)]
    stored = put(new)
    assert stored.epoch != first.epoch
    new.close()
    again = open_new_board(tmp_path)
    assert put(again).epoch == stored.epoch, "the next start goes on with it"
    again.close()
