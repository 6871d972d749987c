"""What an upgrade makes readable is taken in after all."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import wire.envelope
from collector import verdict
from collector.requeue import requeue
from collector.store.database import StoreError
from collector.store.holder import Holder
from collector.trust import TrustKeeper
from provisioning.authority import Authority
from tests.support.broker import make_city
from tests.support.centre import ROUTES
from tests.support.device import finding
from tests.support.intake import WayIn
from tests.support.wait import wait_until
from wire.clock import SystemClock


def test_a_newer_major_version_waits_for_the_upgrade(
    way_in: WayIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    routing = tmp_path / "routing.yaml"
    routing.write_text(yaml.safe_dump(ROUTES))
    settings = way_in.settings.model_copy(update={"routing": routing})
    device = way_in.device()
    newer = device.wrap(finding(), "finding", seq=1)
    newer = newer.model_copy(update={"dataschema": "urn:polewatch:finding:2.0"})
    way_in.events(device, device.sign(newer), b"garbage")
    running = Holder(settings.data)
    with pytest.raises(StoreError, match="a collector uses it already"):
        requeue(settings, SystemClock())
    running.release()
    assert requeue(settings, SystemClock()) == (0, 1)
    assert way_in.rows("SELECT count(*) FROM event") == [(0,)]
    monkeypatch.setattr(verdict, "SCHEMA_MAJOR", 2)
    monkeypatch.setattr(wire.envelope, "SCHEMA_MAJOR", 2)
    assert requeue(settings, SystemClock()) == (1, 0)
    assert way_in.rows("SELECT id, seq FROM event") == [(newer.id, 1)]
    assert way_in.rows("SELECT reason FROM quarantine") == [("malformed",)]
    assert way_in.rows("SELECT contiguous, missing FROM progress") == [(1, 0)]
    assert way_in.reader.summary().incidents == 1


def test_trust_follows_the_register_and_survives_a_broken_one(tmp_path: Path) -> None:
    city: Authority = make_city(tmp_path / "authority")
    trust = TrustKeeper(city.register_file, SystemClock())
    assert trust.device_key("pole-001-1") is not None
    city.revoke("pole-001-1")
    trust.refresh()
    assert trust.device_key("pole-001-1") is None
    assert trust.device_address("pole-001-1") is None
    assert trust.refused("pole-001-1") == "revoked"
    city.issue_device("pole-077")

    def known() -> bool:
        trust.refresh()
        return trust.device_key("pole-077-1") is not None

    wait_until(known, 5, "the new pole")
    city.register_file.write_text("devices: [")
    trust.refresh()
    assert trust.device_key("pole-077-1") is not None
