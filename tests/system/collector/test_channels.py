"""Each channel the same five: it works, is refused, is unreachable, is disabled, recovers.

Receivers are processes of their own with TLS, and a real broker; the table is changed under the
running collector.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import yaml
from cap_tools.models import Alert

from collector.channels.signature import HEADER, sign
from provisioning.authority import Authority
from tests.support.agencies import SECRET, HttpsAgency, MqttAgency
from tests.support.broker import HOST, BrokerHandle, make_broker, make_city
from tests.support.cap import against_the_schema, read_by_another
from tests.support.centre import Centre
from tests.support.device import SimDevice, Wired, finding, jpeg
from tests.support.wait import wait_until
from wire.event import Event

QUICK = {"dispatch": {"first_retry_s": 0.3, "longest_retry_s": 0.6, "give_up_after": 1000}}
TYPES = {"mqtt": "intrusion", "cap": "fire", "webhook": "fight"}
CHANNELS = tuple(TYPES)


@dataclass
class City:
    """A centre with one agency behind each channel."""

    authority: Authority
    centre: Centre
    pole: Wired
    agencies: dict[str, MqttAgency | HttpsAgency]
    known: set[tuple[str, int]] = field(default_factory=set)
    cameras: int = 0

    def table(
        self, ladder: Mapping[str, object] | None = None, **endpoints: Mapping[str, object]
    ) -> None:
        """Write routing.yaml; `endpoints` changes some channel's, `ladder` is an escalation."""
        entries: list[dict[str, Any]] = [
            one.endpoint(**endpoints.get(channel, {}))
            for channel, one in self.agencies.items()
            if isinstance(one, HttpsAgency)
        ]
        if "mqtt" in endpoints:
            entries.append({"agency": "police", "channel": "mqtt", **endpoints["mqtt"]})
        routes = [
            {
                "name": channel,
                "types": [type],
                "agencies": [f"{self.agencies[channel].name}/{channel}"],
            }
            for channel, type in TYPES.items()
        ]
        path = self.centre.folder / "routing.yaml"
        fresh = path.with_suffix(".new")
        fresh.write_text(
            yaml.safe_dump(
                {
                    "routes": routes,
                    "endpoints": entries,
                    "escalations": [] if ladder is None else [ladder],
                }
            )
        )
        fresh.replace(path)

    def report(self, channel: str, **more: Any) -> Event:
        """Something that is told over `channel`."""
        self.cameras += 1
        camera = more.pop("camera", f"cam-{self.cameras + 1}")
        event = finding(type=TYPES[channel], camera=camera, **more)
        self.pole.send(self.pole.device.put(event))
        return event

    def delivery(self, event: Event) -> sqlite3.Row | None:
        """As it stands; answers MQTT on the way."""
        mqtt = self.agencies["mqtt"]
        assert isinstance(mqtt, MqttAgency)
        mqtt.answer(self.known)
        found = self.centre.rows(
            "SELECT d.*, i.state AS incident FROM delivery d JOIN incident i USING (incident_id)"
            " JOIN incident_finding f USING (incident_id) WHERE f.finding_id = ?",
            event.finding_id,
        )
        return found[0] if found else None

    def error(self, event: Event) -> str:
        """What the operator is shown."""
        row = self.delivery(event)
        return "" if row is None else row["error"] or ""

    def wait(self, event: Event, what: str, **wanted: object) -> sqlite3.Row:
        """Until the delivery is as wanted; `attempts` is the least."""

        def there() -> sqlite3.Row | None:
            row = self.delivery(event)
            if row is None:
                return None
            fits = all(
                row[name] >= value if name == "attempts" else row[name] == value
                for name, value in wanted.items()
            )
            return row if fits else None

        found = wait_until(there, 60, what)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("channels")
    authority = make_city(folder / "authority")
    authority.issue_service("web", "web", hosts=(HOST, "localhost"))
    broker: BrokerHandle = make_broker("nats", authority, folder / "broker")
    broker.start()
    centre = Centre(folder / "centre", authority, broker, QUICK)
    device = SimDevice.load(authority.register_file, authority.identity("pole-001-1"))
    pole = Wired(device, broker).connect()
    agencies: dict[str, MqttAgency | HttpsAgency] = {
        "mqtt": MqttAgency("police", broker, authority),
        "cap": HttpsAgency("fire", "cap", authority, folder / "cap"),
        "webhook": HttpsAgency("police", "webhook", authority, folder / "webhook"),
    }
    made = City(authority, centre, pole, agencies)
    made.table()
    try:
        for one in agencies.values():
            one.start()
        centre.collector.start()
        yield made
    finally:
        for one in agencies.values():
            one.stop()
        pole.close()
        centre.stop()
        broker.stop()


@pytest.fixture
def city(town: City) -> Iterator[City]:
    """As it was found, whatever a test did."""
    yield town
    for one in town.agencies.values():
        one.stop()
        one.mode = "ack"
        one.start()
    town.table()


@pytest.mark.parametrize("channel", CHANNELS)
def test_it_works(city: City, channel: str) -> None:
    event = city.report(channel)
    row = city.wait(event, "the delivery to be done", state="done")
    assert (row["channel"], row["answer"], row["incident"]) == (channel, "received", "notified")
    assert row["acked_at"] is not None
    assert row["error"] is None


@pytest.mark.parametrize("channel", CHANNELS)
def test_it_is_refused(city: City, channel: str) -> None:
    city.agencies[channel].mode = "refused"
    event = city.report(channel)
    row = city.wait(event, "the refusal", state="failed")
    assert (row["answer"], row["incident"]) == ("refused", "open")
    assert row["error"] == "refused by the agency: 관할 아님"


@pytest.mark.parametrize("channel", CHANNELS)
def test_it_is_unreachable(city: City, channel: str) -> None:
    city.agencies[channel].stop()
    event = city.report(channel)
    row = city.wait(event, "a second attempt", attempts=2)
    assert row["state"] in ("waiting", "sent")
    assert (row["acked"], row["acked_at"], row["incident"]) == (0, None, "open")
    if channel != "mqtt":
        wait_until(lambda: "cannot be reached" in city.error(event), 30, "the failure to be shown")


@pytest.mark.parametrize("channel", CHANNELS)
def test_it_is_disabled(city: City, channel: str) -> None:
    city.table(**{channel: {"enabled": False}})
    # The table is in force once another delivery went by it.
    other = next(one for one in CHANNELS if one != channel)
    event = city.report(channel)
    city.wait(city.report(other), "the other channel", state="done")
    row = city.delivery(event)
    assert row is not None
    assert (row["state"], row["attempts"], row["sent"]) == ("waiting", 0, 0)
    if channel != "mqtt":
        city.wait(
            event, "the reason", error=f"{row['agency']} by {channel} is disabled in routing.yaml"
        )


@pytest.mark.parametrize("channel", CHANNELS)
def test_it_recovers(city: City, channel: str) -> None:
    city.agencies[channel].stop()
    city.table(**{channel: {"enabled": False}})
    event = city.report(channel)
    city.wait(event, "the delivery to wait", state="waiting")
    city.table()
    city.wait(event, "a failed attempt", attempts=1)
    city.agencies[channel].start()
    row = city.wait(event, "the delivery to be done", state="done")
    assert row["error"] is None


@pytest.mark.parametrize("channel", ["cap", "webhook"])
@pytest.mark.parametrize(
    ("mode", "said", "permanent"),
    [
        ("page", "answered 200 with something else", False),
        ("broken", "answered 503 (maintenance)", False),
        ("forbidden", "answered 403 (unknown client)", True),
        ("slow", "did not answer in 2 s", False),
    ],
)
def test_an_answer_that_is_none(
    city: City, channel: str, mode: Any, said: str, permanent: bool
) -> None:
    city.agencies[channel].mode = mode
    event = city.report(channel)
    state = "failed" if permanent else "waiting"

    def shown() -> bool:
        row = city.delivery(event)
        return row is not None and row["state"] == state and said in (row["error"] or "")

    wait_until(shown, 60, said)
    row = city.delivery(event)
    assert row is not None
    assert (row["acked"], row["incident"]) == (0, "open")


def test_a_slow_service_holds_up_nobody_else(city: City) -> None:
    city.table(webhook={"timeout_s": 20})
    city.agencies["webhook"].mode = "slow"
    slow = city.report("webhook")
    wait_until(lambda: "slow" in [one["mode"] for one in _requests(city, "webhook")[-1:]], 30,
               "the slow one")  # fmt: skip
    for channel in ("mqtt", "cap"):
        city.wait(city.report(channel), channel, state="done")
    row = city.delivery(slow)
    assert row is not None
    assert (row["state"], row["attempts"]) == ("waiting", 0)


def test_silence_goes_to_the_next_channel_and_then_to_the_next_contact(city: City) -> None:
    ladder = {"agency": "police", "within_s": 1.0, "to": ["police/webhook", "fire/cap"]}
    city.table(ladder)
    for channel in ("mqtt", "webhook"):
        city.agencies[channel].mode = "later"
    event = city.report("mqtt")

    def rows() -> dict[str, sqlite3.Row]:
        city.delivery(event)
        found = city.centre.rows(
            "SELECT d.* FROM delivery d JOIN incident_finding f USING (incident_id)"
            " WHERE f.finding_id = ?",
            event.finding_id,
        )
        return {one["channel"]: one for one in found}

    told = {
        "mqtt": ("sent", None),
        "webhook": ("sent", "police"),
        "cap": ("done", "police"),
    }

    def stands() -> dict[str, tuple[str, str | None]]:
        return {name: (row["state"], row["instead_of"]) for name, row in rows().items()}

    # The one may have answered later than the next was told.
    wait_until(lambda: stands() == told, 60, f"{told}, not {stands()}")
    found = rows()
    incident = found["cap"]["incident_id"]
    steps = city.centre.rows(
        "SELECT note FROM incident_step WHERE incident_id = ? AND note IS NOT NULL", incident
    )
    assert [row["note"] for row in steps] == [
        "police has not acknowledged within 1 s: police by webhook is told",
        "police has not acknowledged within 1 s: fire by cap is told",
    ]
    wait_until(
        lambda: (
            city.centre.rows("SELECT result FROM escalation WHERE incident_id = ?", incident)[0][0]
            == "acknowledged"
        ),
        30,
        "the escalation to end",
    )


def test_a_drill_looks_like_one_on_every_channel(city: City) -> None:
    events = {channel: city.report(channel, drill=True) for channel in CHANNELS}
    rows = {channel: city.wait(event, channel, state="done") for channel, event in events.items()}
    police = city.agencies["mqtt"]
    assert isinstance(police, MqttAgency)
    # More than once, where it was not acknowledged in time.
    told = [one for one in police.incidents() if one.delivery_id == rows["mqtt"]["delivery_id"]]
    assert {(one.drill, one.text_ko[:4]) for one in told} == {(True, "[훈련]")}
    hook = json.loads(_requests(city, "webhook", rows["webhook"])[-1]["body"])["data"]
    assert (hook["drill"], hook["text_en"][:7]) == (True, "[DRILL]")
    alert = read_by_another(_requests(city, "cap", rows["cap"])[-1]["body"])
    assert alert.status.value == "Exercise"
    assert (alert.infos[0].headline or "").startswith("[훈련]")
    # A real one beside it is another incident, and looks real.
    real = city.wait(
        city.report("webhook", camera=events["webhook"].camera), "the real one", state="done"
    )
    assert real["incident_id"] != rows["webhook"]["incident_id"]
    assert json.loads(_requests(city, "webhook", real)[-1]["body"])["data"]["drill"] is False


def test_a_cap_service_reads_alert_and_update(city: City) -> None:
    picture = jpeg("fire")
    city.pole.still(picture)
    event = city.report("cap", camera="cam-1", still=picture)
    row = city.wait(event, "the Alert", state="done")
    end = finding(
        finding_id=event.finding_id, type="fire", camera="cam-1", phase="close", still=picture
    )
    city.pole.send(city.pole.device.put(end))

    def messages() -> list[Alert]:
        """Each once: what was not answered in time came again."""
        found = [read_by_another(one["body"]) for one in _requests(city, "cap", row)]
        return list({one.identifier: one for one in found}.values())

    wait_until(lambda: len(messages()) == 2, 60, "the Update")
    first, second = messages()
    assert (first.msg_type.value, second.msg_type.value) == ("Alert", "Update")
    assert all(against_the_schema(one["body"]) is None for one in _requests(city, "cap", row))
    assert (second.references or "").split(",")[1] == first.identifier
    assert first.infos[0].areas[0].circles == ["37.5,126.7 0.1"]
    (resource,) = first.infos[0].resources
    assert base64.b64decode(resource.deref_uri or "") == picture
    assert resource.digest == hashlib.sha1(picture).hexdigest()
    # The picture travelled once.
    assert second.infos[0].resources == []


def test_a_webhook_is_signed_and_shows_our_certificate(city: City) -> None:
    picture = jpeg("fight")
    city.pole.still(picture)
    event = city.report("webhook", still=picture)
    row = city.wait(event, "the delivery", state="done")
    found = _requests(city, "webhook", row)[-1]
    assert found["headers"]["x-polewatch-delivery"] == row["delivery_id"]
    stamp, digest = (part[2:].lstrip("=") for part in found["headers"][HEADER.lower()].split(","))
    expected = hmac.new(SECRET.encode(), stamp.encode() + b"." + found["body"], "sha256")
    assert hmac.compare_digest(digest, expected.hexdigest())
    assert ["commonName", "collector"] in found["client"]
    told = json.loads(found["body"])
    assert told["data"]["type"] == "fight"
    assert told["data"]["opened_at"].endswith("+09:00")
    assert base64.b64decode(told["still"]) == picture


@pytest.mark.parametrize("channel", ["cap", "webhook"])
def test_its_word_may_come_later(city: City, channel: str) -> None:
    agency = city.agencies[channel]
    agency.mode = "later"
    event = city.report(channel)
    row = city.wait(event, "it to be sent", state="sent")
    path = f"{city.centre.collector.url}/api/agencies/{agency.name}/{channel}/answer"
    if channel == "cap":
        message = read_by_another(_requests(city, "cap", row)[-1]["body"])
        ours = f"{message.sender},{message.identifier},{message.sent}"
        word = f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
            <identifier>{message.identifier}_ACK</identifier><sender>119@fire.example</sender>
            <sent>2026-03-01T21:30:00+09:00</sent><status>Actual</status><msgType>Ack</msgType>
            <scope>Private</scope><addresses>{message.sender}</addresses>
            <references>{ours}</references></alert>""".encode()
    else:
        word = json.dumps(
            {"delivery_id": row["delivery_id"], "state": "accepted", "officer": "경위 김"}
        ).encode()
    assert httpx.post(path, content=word, timeout=30).status_code == 401
    forged = sign(b"x" * 64, word, datetime.now(UTC))
    assert httpx.post(path, content=word, headers={HEADER: forged}, timeout=30).status_code == 401
    assert (
        city.centre.rows("SELECT acked FROM delivery WHERE delivery_id = ?", row["delivery_id"])[0][
            0
        ]
        == 0
    )
    signed = {HEADER: sign(SECRET.encode(), word, datetime.now(UTC))}
    assert httpx.post(path, content=word, headers=signed, timeout=30).status_code == 204
    city.wait(event, "the later word", state="done")
    # Another's delivery is none of this agency.
    if channel == "webhook":
        foreign = word.replace(row["delivery_id"].encode(), b"01a00000-0000-7000-8000-000000000009")
        signed = {HEADER: sign(SECRET.encode(), foreign, datetime.now(UTC))}
        assert httpx.post(path, content=foreign, headers=signed, timeout=30).status_code == 404


def _requests(city: City, channel: str, about: sqlite3.Row | None = None) -> list[dict[str, Any]]:
    """All that came to a service, or what came about one delivery."""
    agency = city.agencies[channel]
    assert isinstance(agency, HttpsAgency)
    needle = b"" if about is None else about["delivery_id"].encode()
    return [one for one in agency.requests() if needle in one["body"]]
