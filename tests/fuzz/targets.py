"""One function for each parser of the wire: bytes in; what it raises beyond the expected is a bug.

Where a signature stands before the parser, the bytes are signed here by whom it trusts, so that
the parser behind the signature is reached and not only the check before it.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from joserfc.jwk import OKPKey
from pydantic import ValidationError

from collector.cap.document import CapError
from collector.cap.read import read_cap
from collector.cap.write import write_cap
from collector.verdict import judge
from edge_agent.clips.grant import GrantDesk, GrantRefusedError
from edge_agent.uplink.commands import CommandGate, CommandRefusedError
from edge_agent.uplink.outbox import Limits, Outbox
from edge_agent.uplink.rows import Signer
from provisioning.authority import Authority
from tests.support.broker import make_city
from tests.support.device import SimDevice, finding
from tests.support.intake import WayIn
from tests.wire.samples import SAMPLES
from wire.clock import SystemClock
from wire.command import Command
from wire.envelope import CloudEvent, EnvelopeError, body, cloud_event, sign_bytes, verify
from wire.grant import Grant
from wire.identity import Identity
from wire.incident import Incident
from wire.names import WireModel, new_id
from wire.receipt import GapRequest, Receipt
from wire.show import describe
from wire.topics import (
    AgencyTopic,
    DeviceAddress,
    TopicError,
    UpTopic,
    agency_ack,
    parse_agency_out,
    parse_down,
    parse_up,
    service_source,
)
from wire.whep import WhepOffer

AT = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = ("topics", "envelope", "device", "pole", "grant", "agency", "cap")
UNNUMBERED = ("state", "window", "health", "trace", "reply")


class Parsers:
    """A city with its keys, a collector's way in and a pole's way in, all in `folder`."""

    def __init__(self, folder: Path, city: Authority | None = None) -> None:
        self._city = city or make_city(folder / "authority")
        self._way_in = WayIn(folder / "collector", self._city)
        self._device = SimDevice.load(self._city.register_file, self._city.identity("pole-001-1"))
        self._collector = Identity.load(self._city.identity("collector"))
        self._signer = Identity.load(self._city.identity("signer"))
        self._address = self._device.address
        self._source = service_source(self._address.site, "collector")
        clock = SystemClock()
        self._gate = CommandGate(
            self._address.device, new_id(), clock, self._collectors_key, self._source
        )
        self._outbox = Outbox.open(
            folder / "outbox",
            Signer(self._address.device, self._device.identity.key, self._address.source),
            clock,
            Limits(reserve_bytes=64 * 1024),
            boot_id=new_id(),
            rng=random.Random(1),
        )
        self._outbox.put("finding", finding(), severity="moderate")
        self._grants = GrantDesk(
            folder / "grants.sqlite", self._address.device, self._signer.key, clock
        )

    def close(self) -> None:
        self._outbox.close()
        self._grants.close()
        self._way_in.reader.close()
        self._way_in.database.close()

    def targets(self) -> dict[str, Callable[[bytes], None]]:
        """By name; each raises only for a bug."""
        return {
            "topics": topics,
            "envelope": self.envelope,
            "device": self.device,
            "pole": self.pole,
            "grant": self.grant,
            "agency": self.agency,
            "cap": cap,
        }

    def envelope(self, data: bytes) -> None:
        """The token itself: header, signature, CloudEvent; and the reader for people."""
        with contextlib.suppress(EnvelopeError):
            verify(data, self._way_in.trust.device_key, source=self._address.source)
        with contextlib.suppress(EnvelopeError):
            describe(data)

    def device(self, data: bytes) -> None:
        """What a device signs: judged on each of its topics, then taken in and rolled back."""
        token = sign_bytes(data, self._address.device, self._device.identity.key)
        topics = [self._address.event(), *(f"{self._address.up}/{one}" for one in UNNUMBERED[:4])]
        for topic in (*topics, self._address.reply(new_id())):
            self._take_in(topic, token)

    def agency(self, data: bytes) -> None:
        """An agency's acknowledgement at the collector, an incident at the agency."""
        self._take_in(agency_ack("police"), data)
        with contextlib.suppress(ValidationError, EnvelopeError):
            body(CloudEvent.model_validate_json(data), Incident)

    def pole(self, data: bytes) -> None:
        """What the collector signs: receipts and gap requests obeyed, commands judged."""
        token = sign_bytes(data, "collector", self._collector.key)
        with contextlib.suppress(CommandRefusedError):
            self._gate.accept(token)
        try:
            event = verify(token, self._collectors_key, source=self._source).event
        except EnvelopeError:
            return
        with contextlib.suppress(EnvelopeError):
            self._outbox.apply_receipt(body(event, Receipt))
        with contextlib.suppress(EnvelopeError):
            self._outbox.apply_gap(body(event, GapRequest))
        with contextlib.suppress(EnvelopeError):
            body(event, Command)

    def grant(self, data: bytes) -> None:
        """A grant, signed by the signer, and the viewer's offer: `grant JSON \\0 SDP`."""
        payload, _, sdp = data.partition(b"\0")
        token = sign_bytes(payload, "signer", self._signer.key)
        text = sdp.decode("utf-8", "replace")[:32_000]
        if len(token) > 8_000:
            return
        offer = WhepOffer(
            session_id=new_id(), camera="cam-1", mode="live", sdp=text, grant=token.decode()
        )
        with contextlib.suppress(GrantRefusedError):
            granted, _ = self._grants.check(offer)
            self._grants.use(offer, granted)

    def _collectors_key(self, kid: str) -> OKPKey | None:
        return self._collector.key if kid == "collector" else None

    def _take_in(self, topic: str, payload: bytes) -> None:
        verdict = judge(topic, payload, self._way_in.trust)
        way_in, now = self._way_in, self._way_in.clock.now()
        way_in.intake.begin()
        with contextlib.suppress(_RolledBackError), way_in.database.transaction() as run:
            way_in.intake.take(run, verdict, topic, payload, now)
            way_in.intake.end(run, now)
            raise _RolledBackError
        way_in.intake.forget()


class _RolledBackError(Exception):
    """Ends a transaction that was only tried."""


def topics(data: bytes) -> None:
    """Topics, parsed and built again."""
    text = data.decode("utf-8", "surrogateescape")
    with contextlib.suppress(TopicError):
        up: UpTopic = parse_up(text)
        tail = "" if up.tail is None else f"/{up.tail}"
        assert f"{up.address.up}/{up.kind}{tail}" == text
    with contextlib.suppress(TopicError):
        address, kind = parse_down(text)
        assert f"{address.down}/{kind}" == text
    with contextlib.suppress(TopicError):
        agency: AgencyTopic = parse_agency_out(text)
        assert agency_ack(agency.agency) == text


def cap(data: bytes) -> None:
    """A CAP document of somebody else's: what is read can be read again once it is written."""
    with contextlib.suppress(CapError):
        found = read_cap(data)
        again = read_cap(write_cap(found))
        assert (again.identifier, again.references) == (found.identifier, found.references)


def seeds() -> Iterator[tuple[str, bytes]]:
    """(target, bytes) of messages as they should be: where the search begins."""
    address = DeviceAddress("testcity", "0a", "pole-001-1")
    for kind, sample in SAMPLES.items():
        if kind in ("incident", "ack"):
            yield "agency", _json(kind, sample, "/polewatch/testcity/collector")
        elif kind in ("receipt", "gap", "command"):
            yield "pole", _json(kind, sample, service_source("testcity", "collector"))
        else:
            numbered = kind not in UNNUMBERED
            yield "device", _json(kind, sample, address.source, numbered=numbered)
    yield "grant", _grant().model_dump_json().encode() + b"\0" + _sdp().encode()
    yield "cap", (Path(__file__).parent / "corpus/cap/storm.xml").read_bytes()
    for topic in (address.event(), address.still("c" * 64), address.receipt(), agency_ack("fire")):
        yield "topics", topic.encode()
    yield "envelope", b"eyJhbGciOiJFZERTQSIsImtpZCI6InBvbGUtMDAxLTEifQ.e30.AAAA"
    yield "envelope", _json("finding", SAMPLES["finding"], address.source)


def _json(kind: str, sample: WireModel, source: str, *, numbered: bool = False) -> bytes:
    event = cloud_event(
        kind,
        sample,
        id="01a00000-0000-7000-8000-000000000001",
        source=source,
        time=AT,
        epoch="01a00000-0000-7000-8000-000000000004" if numbered else None,
        seq=6 if numbered else None,
    )
    return event.model_dump_json(exclude_none=True).encode()


def _grant() -> Grant:
    return Grant(
        grant_id="01a00000-0000-7000-8000-000000000010",
        device="pole-001-1",
        camera="cam-1",
        rights=("live",),
        case="2026-1",
        agency="police",
        person="kim",
        basis="PIPA 18(2)3",
        purpose="search",
        fingerprint=":".join(["AB"] * 32),
        issued_at=AT,
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    )


def _sdp() -> str:
    lines = [
        "v=0",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
    ]
    return "\r\n".join([*lines, ""])
