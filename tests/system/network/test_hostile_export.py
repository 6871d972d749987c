"""Whoever runs the web process, or a page of their own, takes nothing away without a code.

They hold a person's token and the collector's key, and speak to the pole on a session of their own.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from edge_agent.clips.evidence.verify import verify_export
from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA, PERSON
from tests.support.demo import recorded_s
from tests.support.export_viewer import Ask, ExportViewer
from tests.support.ledger import entries
from tests.support.phone import Phone, phone_of
from tests.support.wait import wait_until
from tests.support.whep_viewer import HEADERS
from wire.envelope import sign_bytes
from wire.identity import Identity, load_authorities

RECORDED_S = 20
S = timedelta(seconds=1)


@dataclass
class Front:
    """What the process has: a person's cookie, the way to the pole, its own key."""

    demo: Demo
    web: httpx.Client
    own: OKPKey
    phone: Phone
    start_at: str
    end_at: str

    def ask_for(self, *rights: str, code: str | None = None, **more: Any) -> httpx.Response:
        wanted = {
            "device": self.demo.site.device, "camera": CAMERA, "rights": rights,
            "start_at": self.start_at, "end_at": self.end_at, "case": "TEST-1",
            "basis": "PIPA 18(2)7", "purpose": "test", "fingerprint": ":".join(["AB"] * 32),
            "code": code, **more,
        }  # fmt: skip
        return self.web.post("/api/grants", json=wanted)

    def offer(self, grant: str, sdp: str) -> httpx.Response:
        return self.web.post(
            f"/whep/{self.demo.site.device}/{CAMERA}",
            params={"from": self.start_at, "to": self.end_at},
            content=sdp,
            headers={"Authorization": f"Bearer {grant}", "Content-Type": "application/sdp"},
        )

    @asynccontextmanager
    async def session(self, *rights: str) -> AsyncIterator[tuple[ExportViewer, Ask]]:
        """A session under a real grant with these rights, and its first channel."""
        async with ExportViewer() as viewer:
            code = await asyncio.to_thread(self.phone.shows) if "export" in rights else None
            answer = await asyncio.to_thread(
                lambda: self.ask_for(*rights, code=code, fingerprint=viewer.fingerprint)
            )
            assert answer.status_code == 200, answer.text
            grant = answer.json()["grant"]

            async def exchange(sdp: str) -> str:
                answer = await asyncio.to_thread(self.offer, grant, sdp)
                assert answer.status_code == 201, answer.text
                return answer.text

            ask = viewer.ask()
            watching = asyncio.create_task(viewer.watch(exchange, 120))
            try:
                yield viewer, ask
            finally:
                watching.cancel()
                await asyncio.wait([watching])

    async def told(self, kind: str, before: int) -> dict[str, Any]:
        """The newest entry of that kind, once there are more than `before`."""
        await asyncio.to_thread(
            wait_until, lambda: len(entries(self.demo, kind)) > before, 60, f"an entry {kind}"
        )
        return entries(self.demo, kind)[-1]


@pytest.fixture(scope="module")
def front(running_demo: Demo) -> Iterator[Front]:
    wait_until(lambda: recorded_s(running_demo) > RECORDED_S, 90, "a recording")
    own = Identity.load(running_demo.site.identity("collector")).key
    end = datetime.now(UTC) - 3 * S
    with httpx.Client(base_url=running_demo.console, headers=HEADERS, timeout=60) as client:
        name = {"name": PERSON, "password": running_demo.secret}
        assert client.post("/api/sign-in", json=name).status_code == 200
        start_at, end_at = (end - 12 * S).isoformat(), end.isoformat()
        yield Front(running_demo, client, own, phone_of(running_demo), start_at, end_at)


def test_the_signer_gives_no_right_without_a_code(front: Front) -> None:
    used = front.phone.shows()
    assert front.ask_for("recorded", "export", code=used).status_code == 200
    token = front.web.cookies["pw_person"]
    signer = f"http://127.0.0.1:{front.demo.site.ports.signer}"
    for code in (None, front.phone.wrong(), used):
        answer = front.ask_for("recorded", "export", code=code)
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.code")
        # Asked by itself, without the relay between.
        wanted = {
            "device": front.demo.site.device, "camera": CAMERA, "rights": ["recorded", "export"],
            "start_at": front.start_at, "end_at": front.end_at, "case": "1", "basis": "none",
            "purpose": "none", "fingerprint": ":".join(["AB"] * 32), "code": None,
        }  # fmt: skip
        headers = {**HEADERS, "Authorization": f"Bearer {token}"}
        direct = httpx.post(f"{signer}/grants", json=wanted, headers=headers, timeout=60)
        assert (direct.status_code, direct.json()["code"]) == (403, "auth.code")


def test_a_right_that_is_written_into_a_grant_is_none(front: Front) -> None:
    grant = front.ask_for("recorded").json()["grant"]
    head, payload, signature = grant.split(".")
    fields = json.loads(urlsafe_b64decode(payload.encode()))
    more = json.dumps({**fields, "rights": ["recorded", "export"]}).encode()
    before = len(entries(front.demo, "pole.session.refused"))
    forged = {
        "under its old signature": f"{head}.{urlsafe_b64encode(more).decode()}.{signature}",
        "signed by the collector": sign_bytes(more, "signer", front.own).decode(),
    }
    for what, token in forged.items():
        sdp = f"v=0\r\na=fingerprint:sha-256 {fields['fingerprint']}\r\n"
        assert front.offer(token, sdp).json()["code"] == "grant.invalid", what
    wait_until(
        lambda: len(entries(front.demo, "pole.session.refused")) == before + len(forged),
        60,
        "an audit event of each",
    )


async def test_without_the_right_the_pole_gives_no_file(front: Front) -> None:
    before = len(entries(front.demo, "pole.export.refused"))
    async with front.session("recorded") as (_, ask):
        answer = await ask.request(CAMERA, front.start_at, front.end_at)
    assert (answer["kind"], answer["code"]) == ("refused", "grant.foreign")
    assert answer["detail"] == "it permits recorded, not export"
    told = await front.told("pole.export.refused", before)
    assert (told["code"], told["person"], told["case"]) == ("grant.foreign", PERSON, "TEST-1")
    assert told["start_at"].startswith(front.start_at[:19])
    assert not list((front.demo.site.agent_data / "exports").rglob("*.zip"))


async def test_with_the_right_it_gives_what_the_grant_covers_and_no_more(
    front: Front, tmp_path: Path
) -> None:
    earlier = (datetime.fromisoformat(front.start_at) - 1 * S).isoformat()
    before = len(entries(front.demo, "pole.export.refused"))
    exported = len(entries(front.demo, "pole.export"))
    async with front.session("recorded", "export") as (viewer, first):
        asked = [
            ("yard", front.start_at, front.end_at, "grant.foreign"),
            (CAMERA, earlier, front.end_at, "grant.foreign"),
            (CAMERA, front.end_at, front.start_at, "request.invalid"),
            (CAMERA, "yesterday", front.end_at, "request.invalid"),
        ]
        for number, (camera, start_at, end_at, code) in enumerate(asked):
            ask = viewer.ask() if number else first
            answer = await ask.request(camera, start_at, end_at)
            assert (answer["kind"], answer["code"]) == ("refused", code)
        other = viewer.ask("telnet")
        with pytest.raises(ConnectionError):
            await other.next()
        loud = viewer.ask()
        await loud.say(b"\x00" * 60_000)
        with pytest.raises(ConnectionError):
            await loud.next()
        await front.told("pole.export.refused", before + len(asked) - 1)

        ask = viewer.ask()
        ready = await ask.request(CAMERA, front.start_at, front.end_at)
        assert (ready["kind"], ready["verdict"]) == ("ready", "intact")
        # Nobody else's export meanwhile, and not a second one of ours.
        async with front.session("recorded", "export") as (_, second):
            busy = await second.request(CAMERA, front.start_at, front.end_at)
            assert (busy["kind"], busy["code"]) == ("refused", "export.busy")
        content, done = await ask.file()
        await ask.say('{"kind": "kept"}')
        told = await front.told("pole.export", exported)
    assert {**ready, "kind": "done"} == done
    assert (len(content), hashlib.sha256(content).hexdigest()) == (done["bytes"], done["sha256"])
    assert (told["bytes"], told["sha256"]) == (done["bytes"], done["sha256"])
    file = tmp_path / "case.zip"
    file.write_bytes(content)
    authority = load_authorities(front.demo.site.identity("collector") / "ca.pem")
    verdict = verify_export(file, None, authority)
    assert (verdict.code, verdict.case) == ("intact", "TEST-1")
    ended = await front.told("pole.export.end", 0)
    assert (ended["export_id"], ended["bytes_sent"]) == (told["export_id"], len(content))
