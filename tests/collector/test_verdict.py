"""What a message is worth, before anything is stored."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.trust import TrustKeeper
from collector.verdict import Ack, Numbered, Refused, Still, Unnumbered, judge
from provisioning.authority import Authority
from tests.support.device import SimDevice, finding, jpeg
from wire.clock import SystemClock
from wire.envelope import MAX_MESSAGE_BYTES, cloud_event, sign_bytes
from wire.event import Event
from wire.identity import Identity
from wire.incident import IncidentAck
from wire.names import new_id
from wire.topics import agency_ack


@pytest.fixture(scope="module")
def trust(town: Authority) -> TrustKeeper:
    return TrustKeeper(town.register_file, SystemClock())


@pytest.fixture
def device(town: Authority) -> SimDevice:
    return SimDevice.load(town.register_file, town.identity("pole-001-1"))


@pytest.fixture
def other(town: Authority) -> SimDevice:
    return SimDevice.load(town.register_file, town.identity("pole-002-1"))


def refused(verdict: object) -> Refused:
    assert isinstance(verdict, Refused)
    return verdict


def test_a_finding(trust: TrustKeeper, device: SimDevice) -> None:
    event = finding()
    verdict = judge(device.address.event(), device.put(event), trust)
    assert isinstance(verdict, Numbered)
    assert isinstance(verdict.body, Event)
    assert (verdict.epoch, verdict.seq, verdict.body) == (device.epoch, 1, event)


def test_a_kind_of_a_newer_minor_version_is_kept_unread(
    trust: TrustKeeper, device: SimDevice
) -> None:
    event = device.wrap(finding(), "weather", seq=1)
    verdict = judge(device.address.event(), device.sign(event), trust)
    assert isinstance(verdict, Numbered)
    assert verdict.body is None


def test_presence(trust: TrustKeeper, device: SimDevice) -> None:
    assert isinstance(judge(device.address.state(), device.online(), trust), Unnumbered)


def test_a_still(trust: TrustKeeper, device: SimDevice) -> None:
    picture = jpeg("x")
    topic = device.address.still(hashlib.sha256(picture).hexdigest())
    assert isinstance(judge(topic, picture, trust), Still)
    assert refused(judge(topic, picture + b"x", trust)).reason == "still-hash"
    large = jpeg("x", 64 * 1024 + 1)
    topic = device.address.still(hashlib.sha256(large).hexdigest())
    assert refused(judge(topic, large, trust)).reason == "oversized"
    html = b"<html>" * 100
    topic = device.address.still(hashlib.sha256(html).hexdigest())
    assert refused(judge(topic, html, trust)).reason == "still-format"


def test_one_device_cannot_speak_for_another(
    trust: TrustKeeper, device: SimDevice, other: SimDevice
) -> None:
    # Its own message on the other's topic, and a message in the other's name on its own topic.
    assert refused(judge(other.address.event(), device.put(finding()), trust)).reason == (
        "unknown-signer"
    )
    lie = device.wrap(finding(), "finding", seq=1).model_copy(
        update={"source": other.address.source}
    )
    verdict = refused(judge(device.address.event(), device.sign(lie), trust))
    assert (verdict.reason, verdict.device) == ("source", device.address.device)
    assert verdict.number is None


def test_the_collectors_own_key_signs_no_events(
    trust: TrustKeeper, device: SimDevice, town: Authority
) -> None:
    centre = Identity.load(town.identity("collector"))
    event = device.wrap(finding(), "finding", seq=1).model_dump_json(exclude_none=True)
    for kid in ("collector", device.address.device):
        token = sign_bytes(event.encode(), kid, centre.key)
        assert refused(judge(device.address.event(), token, trust)).signer is None


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"alg": "none", "kid": "pole-001-1"}, "signature"),
        ({"alg": "HS256", "kid": "pole-001-1"}, "signature"),
        ({"alg": "EdDSA"}, "malformed"),
        ({"alg": "EdDSA", "kid": "../etc"}, "malformed"),
    ],
)
def test_no_trick_with_the_header(
    trust: TrustKeeper, device: SimDevice, header: dict[str, str], reason: str
) -> None:
    from joserfc.util import urlsafe_b64encode

    _, payload, signature = device.put(finding()).split(b".")
    token = b".".join((urlsafe_b64encode(json.dumps(header).encode()), payload, signature))
    assert refused(judge(device.address.event(), token, trust)).reason == reason


@pytest.mark.parametrize(
    "topic",
    [
        "pw/up/testcity/zz/pole-001-1/event",
        "pw/up/testcity/../pole-001-1/event",
        "pw/up/testcity/00/pole-001-1/event/more",
        "pw/up/testcity/00/pole-001-1/secret",
        "pw/up/#",
        "$SYS/broker",
        "pw/up/testcity/00/pole-001-1/\0",
        "",
    ],
)
def test_a_topic_that_is_not_ours(trust: TrustKeeper, device: SimDevice, topic: str) -> None:
    assert refused(judge(topic, device.put(finding()), trust)).reason in ("topic", "address")


def test_a_device_is_where_it_was_enrolled(trust: TrustKeeper, device: SimDevice) -> None:
    token = device.put(finding())
    shard = "00" if device.address.shard != "00" else "01"
    topic = f"pw/up/testcity/{shard}/pole-001-1/event"
    assert refused(judge(topic, token, trust)).reason == "address"
    topic = f"pw/up/elsewhere/{device.address.shard}/pole-001-1/event"
    assert refused(judge(topic, token, trust)).reason == "address"
    topic = f"pw/up/testcity/{device.address.shard}/pole-777-1/event"
    assert refused(judge(topic, token, trust)).reason == "stranger"


def test_signed_nonsense_is_told_its_number(trust: TrustKeeper, device: SimDevice) -> None:
    event = device.wrap(finding(), "finding", seq=7)
    bad = event.model_copy(update={"data": {**event.data, "severity": "apocalyptic"}})
    verdict = refused(judge(device.address.event(), device.sign(bad), trust))
    assert verdict.reason == "schema"
    assert verdict.number == (device.epoch, 7, event.id)
    newer = event.model_copy(update={"dataschema": "urn:polewatch:finding:2.3"})
    verdict = refused(judge(device.address.event(), device.sign(newer), trust))
    assert (verdict.reason, verdict.signer) == ("version", "pole-001-1")
    minor = event.model_copy(update={"dataschema": "urn:polewatch:finding:1.9"})
    assert isinstance(judge(device.address.event(), device.sign(minor), trust), Numbered)
    for kind in ("health", "receipt", "command"):
        wrong = device.wrap(finding(), kind, seq=8)
        assert refused(judge(device.address.event(), device.sign(wrong), trust)).reason == "kind"
    assert refused(judge(device.address.event(), device.online(), trust)).reason == "unnumbered"
    assert refused(judge(device.address.state(), device.put(finding()), trust)).reason == "kind"


def _ack(agency: str) -> bytes:
    ack = IncidentAck(
        delivery_id=new_id(),
        incident_id=new_id(),
        agency=agency,
        at=datetime.now(UTC),
        state="received",
    )
    event = cloud_event("ack", ack, id=new_id(), source="/x", time=datetime.now(UTC))
    return event.model_dump_json(exclude_none=True).encode()


def test_an_agency_speaks_for_itself(trust: TrustKeeper) -> None:
    assert isinstance(judge(agency_ack("police"), _ack("police"), trust), Ack)
    assert refused(judge(agency_ack("police"), _ack("fire"), trust)).reason == "source"
    assert refused(judge(agency_ack("nobody"), _ack("nobody"), trust)).reason == "stranger"
    assert refused(judge("pw/agency/police/out/else", b"", trust)).reason == "topic"
    large = _ack("police") + b" " * MAX_MESSAGE_BYTES
    assert refused(judge(agency_ack("police"), large, trust)).reason == "oversized"
    for payload in (b"", b"{}", b"[" * 10_000, b"\xff\xfe", b'{"a": 1e999}'):
        assert refused(judge(agency_ack("police"), payload, trust)).reason == "schema"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(topic=st.text(max_size=80), payload=st.binary(max_size=300))
def test_nothing_makes_it_stumble(
    trust: TrustKeeper, device: SimDevice, topic: str, payload: bytes
) -> None:
    for where in (topic, device.address.event(), device.address.state(), agency_ack("police")):
        assert isinstance(judge(where, payload, trust), Refused)
