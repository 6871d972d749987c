"""A web process that has been taken over, with nobody signed in: it opens no camera.

It holds everything that the collector holds: the WHEP front, all signalling, the collector's own
key, every grant and offer that ever passed through it. It does not hold the signer's key, nor any
viewer's DTLS key. What it could do while somebody is signed in: docs/design/viewing.md.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from aiortc import RTCCertificate
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from collector.config import CollectorSettings
from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA, PERSON
from polewatch.viewer import Viewer, fingerprint_of
from tests.support.wait import wait_until
from tests.support.whep_viewer import HEADERS
from wire.envelope import sign_bytes
from wire.grant import PersonToken
from wire.identity import Identity
from wire.names import new_id
from wire.settings import load_settings

S = timedelta(seconds=1)


@dataclass
class Loot:
    """What the process has: its own key, and a grant that somebody used before they signed out."""

    demo: Demo
    own: OKPKey
    grant: str
    victim: str
    """Fingerprint of that somebody's certificate."""
    web: httpx.Client

    def altered(self, **changes: Any) -> str:
        """The grant with other words under its old signature."""
        head, payload, signature = self.grant.split(".")
        fields = json.loads(urlsafe_b64decode(payload.encode())) | changes
        changed = urlsafe_b64encode(json.dumps(fields).encode()).decode()
        return f"{head}.{changed}.{signature}"

    def fields(self, **changes: Any) -> bytes:
        """What a grant for us would have to say."""
        fields = json.loads(urlsafe_b64decode(self.grant.split(".")[1].encode()))
        return json.dumps(fields | changes).encode()

    def offer(self, grant: str, sdp: str, camera: str = CAMERA) -> httpx.Response:
        return self.web.post(
            f"/whep/{self.demo.site.device}/{camera}",
            content=sdp,
            headers={"Authorization": f"Bearer {grant}", "Content-Type": "application/sdp"},
        )

    def told(self, kind: str) -> list[dict[str, Any]]:
        """What the pole's audit of that kind told the centre, oldest first."""
        settings = load_settings(self.demo.site.collector_config, CollectorSettings)
        path = settings.data / "collector.sqlite"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as run:
            rows = run.execute(
                "SELECT fields FROM ledger JOIN ledger_fields USING (number)"
                " WHERE kind = ? ORDER BY number",
                (f"pole.session.{kind}",),
            )
            return [json.loads(row[0]) for row in rows]


@pytest.fixture(scope="module")
def loot(running_demo: Demo) -> Iterator[Loot]:
    victim = fingerprint_of(RTCCertificate.generateCertificate())
    own = Identity.load(running_demo.site.identity("collector")).key
    with httpx.Client(base_url=running_demo.console, headers=HEADERS, timeout=30) as client:
        name = {"name": PERSON, "password": running_demo.secret}
        assert client.post("/api/sign-in", json=name).status_code == 200
        now = datetime.now(UTC)
        wanted = {
            "device": running_demo.site.device, "camera": CAMERA, "rights": ["live", "recorded"],
            "start_at": (now - 20 * S).isoformat(), "end_at": now.isoformat(),
            "case": "TEST-1", "basis": "PIPA 18(2)3", "purpose": "test", "fingerprint": victim,
        }  # fmt: skip
        grant = client.post("/api/grants", json=wanted).json()["grant"]
        assert client.post("/api/sign-out").status_code == 204
        client.cookies.clear()
        yield Loot(running_demo, own, grant, victim, client)


def sdp_of(fingerprint: str) -> str:
    return f"v=0\r\na=fingerprint:sha-256 {fingerprint}\r\n"


def test_the_signer_signs_for_nobody(loot: Loot) -> None:
    """It is asked directly, as the web process can; tokens of its own making do not help."""
    now = datetime.now(UTC)
    person = PersonToken(
        token_id=new_id(), person=PERSON, agency="police", roles=("operator",),
        issued_at=now, expires_at=now + 3600 * S,
    )  # fmt: skip
    forged = person.model_dump_json().encode()
    wanted = {
        "device": loot.demo.site.device, "camera": CAMERA, "rights": ["live"], "case": "1",
        "basis": "none", "purpose": "none", "fingerprint": loot.victim,
    }  # fmt: skip
    tokens = [
        sign_bytes(forged, "signer", loot.own).decode(),
        sign_bytes(forged, "collector", loot.own).decode(),
        loot.grant,
        "a.b.c",
    ]
    url = f"http://127.0.0.1:{loot.demo.site.ports.signer}"
    with httpx.Client(base_url=url, timeout=30) as signer:
        for token in tokens:
            answer = signer.post(
                "/grants",
                json=wanted,
                headers={**HEADERS, "Authorization": f"Bearer {token}"},
            )
            assert (answer.status_code, answer.json()["code"]) == (401, "auth.required")


def test_no_grant_of_its_own_making_opens_the_pole(loot: Loot) -> None:
    ours = fingerprint_of(RTCCertificate.generateCertificate())
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    made = loot.fields(grant_id=new_id(), fingerprint=ours, expires_at=later)
    grants = {
        "signed by the collector": sign_bytes(made, "collector", loot.own).decode(),
        "signed in the signer's name": sign_bytes(made, "signer", loot.own).decode(),
        "another certificate": loot.altered(fingerprint=ours),
        "another camera": loot.altered(camera="yard", fingerprint=ours),
        "another agency": loot.altered(agency="press"),
        "another range": loot.altered(start_at="2020-01-01T00:00:00Z"),
        "a longer time": loot.altered(expires_at=later),
        "without a signature": f"{loot.grant.rsplit('.', 1)[0]}.",
    }
    before = len(loot.told("refused"))
    for what, grant in grants.items():
        for certificate in (ours, loot.victim):
            answer = loot.offer(grant, sdp_of(certificate))
            assert answer.json()["code"] == "grant.invalid", what
    count = before + 2 * len(grants)
    wait_until(lambda: len(loot.told("refused")) == count, 60, "an audit event of each")
    assert {one["code"] for one in loot.told("refused")[before:]} == {"grant.invalid"}


def test_an_old_grant_opens_nothing_but_what_it_says_to_whom_it_says(loot: Loot) -> None:
    ours = fingerprint_of(RTCCertificate.generateCertificate())
    before = len(loot.told("refused"))
    assert loot.offer(loot.grant, sdp_of(ours)).json()["code"] == "grant.fingerprint"
    both = sdp_of(loot.victim) + f"a=fingerprint:sha-256 {ours}\r\n"
    assert loot.offer(loot.grant, both).json()["code"] == "grant.fingerprint"
    other = loot.offer(loot.grant, sdp_of(loot.victim), camera="yard")
    assert other.json()["code"] == "grant.foreign"
    wait_until(lambda: len(loot.told("refused")) == before + 3, 60, "an audit event of each")


async def test_who_names_the_victim_s_certificate_cannot_prove_it(loot: Loot) -> None:
    """The pole answers, since grant and offer agree; DTLS ends it before the first picture."""
    async with Viewer() as thief:

        async def exchange(sdp: str) -> str:
            named = sdp.replace(thief.fingerprint, loot.victim)
            answer = await asyncio.to_thread(loot.offer, loot.grant, named)
            assert answer.status_code == 201, answer.text
            return answer.text

        report = await thief.watch(exchange, 6)
    assert report.frames == 0
    ended = await asyncio.to_thread(
        wait_until, lambda: loot.told("end"), 60, "the end of that session"
    )
    assert [one["bytes_sent"] for one in ended] == [0]
    assert [one["person"] for one in loot.told("open")] == [PERSON]
