"""Electronic boards with real processes: a broker, a collector, simulated NTCIP signs, a screen."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from collector.services.boards.drivers.base import BoardError
from collector.services.boards.drivers.ntcip import NtcipDriver
from collector.services.boards.drivers.snmp import Snmp
from collector.signer.accounts import Account, SignerStore
from tests.support.board_agent import AUTH, PRIVACY, USER, BoardAgent
from tests.support.board_bench import a_board
from tests.support.broker import make_broker, make_city
from tests.support.centre import Centre
from tests.support.device import SimDevice, Wired, finding
from tests.support.wait import wait_until
from wire.names import new_id

PASSWORD = "correct horse battery"
ROUTES = {
    "routes": [
        {"name": "fire", "types": ["fire"], "agencies": ["fire"], "boards": ["gate", "square"]}
    ]
}
TEMPLATES = [{"name": "fire", "types": ["fire"], "text": "{place} {type}[nl]대피하십시오"}]
FIRE = "정문 화재\n대피하십시오"
ON_WIRE = "[hcc815][hcbb38] [hcd654][hcc7ac][nl][hcb300][hcd53c][hcd558][hcc2ed][hcc2dc][hcc624]"
WELCOME = "WELCOME"


@dataclass
class Town:
    centre: Centre
    pole: Wired
    gate: BoardAgent
    bridge: BoardAgent

    @contextmanager
    def client(self, name: str) -> Iterator[httpx.Client]:
        headers = {"X-Polewatch": "1"}
        url = self.centre.collector.url
        with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
            answer = client.post("/api/sign-in", json={"name": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            yield client

    def told(self, board: str) -> list[str]:
        """What happened at a board, in order."""
        rows = self.centre.rows(
            "SELECT what FROM board_log WHERE board_id = ? ORDER BY number", board
        )
        return [row["what"] for row in rows]

    def shows(self, board: str, after: str) -> bool:
        """Whether it was seen to show something after that, whatever went on in between."""
        told = self.told(board)
        return after in told and told[-1] == "shown"

    def wait_asset(self, asker: httpx.Client, state: str, *faults: str) -> None:
        """Until the registry of assets has the bridge's board so."""

        def so() -> bool:
            found = asker.get("/api/assets").json()["assets"]
            one = next(one for one in found if one["tag"] == "E-1")
            return (one["state"], tuple(one["faults"])) == (state, faults)

        wait_until(so, 60, f"the asset to be {state} {faults}")

    def status(self, board: str) -> str | None:
        rows = self.centre.rows("SELECT status FROM board_state WHERE board_id = ?", board)
        return rows[0]["status"] if rows else None

    def found(self, finding_id: str, phase: str) -> None:
        self.pole.send(
            self.pole.device.put(
                finding(finding_id=finding_id, phase=phase, type="fire", severity="severe")
            )
        )


class Screen:
    """A web board's page, as far as the collector can tell: it hears orders and says them back."""

    def __init__(self, url: str, path: str) -> None:
        board, token = path.removeprefix("/board/").split("#")
        self._api = f"/api/board-screens/{board}"
        self._client = httpx.Client(base_url=url, headers={"X-Polewatch": "1"}, timeout=30)
        opened = self._client.post(f"{self._api}/opening", json={"token": token})
        assert opened.status_code == 204, opened.text
        self.orders: list[dict[str, Any]] = []
        self.show("")
        threading.Thread(target=self._hear, daemon=True).start()

    def show(self, multi: str) -> None:
        said = self._client.post(f"{self._api}/showing", json={"multi": multi, "left_s": 300})
        assert said.status_code == 204, said.text

    def _hear(self) -> None:
        # The collector's end is the stream's.
        with (
            contextlib.suppress(httpx.TransportError),
            self._client.stream("GET", f"{self._api}/orders") as stream,
        ):
            event = ""
            for line in stream.iter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: ") and event == "order":
                    self.orders.append(json.loads(line.removeprefix("data: ")))
                    self.show(self.orders[-1]["face"]["multi"])


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    city = make_city(tmp_path / "authority")
    broker = make_broker("nats", city, tmp_path / "broker")
    broker.start()
    signs = BoardAgent(tmp_path), BoardAgent(tmp_path)
    usual = {"driver": "ntcip", "width_px": 96, "height_px": 32, "charset": "ks", "every_s": 0.5}
    (tmp_path / "boards.yaml").write_text(
        yaml.safe_dump(
            {
                "boards": [
                    {**usual, "id": "gate", "title": "정문", "snmp": signs[0].address()},
                    {
                        **usual, "id": "bridge", "title": "다리", "approval": True,
                        "lat": 37.51, "lon": 126.71, "snmp": signs[1].address(),
                    },
                    {**usual, "id": "square", "title": "광장", "driver": "web"},
                ],
                "templates": TEMPLATES,
            }
        )
    )  # fmt: skip
    changed = {"boards": str(tmp_path / "boards.yaml")}
    centre = Centre(tmp_path / "centre", city, broker, changed)
    (centre.folder / "routing.yaml").write_text(yaml.safe_dump(ROUTES))
    store = SignerStore(centre.folder / "signer-data")
    for name, role in (("kim", "operator"), ("park", "supervisor")):
        store.add(Account(name, "centre", (role,)), PASSWORD, datetime.now(UTC))
    store.close()
    centre.signer.start()
    pole = Wired(SimDevice.load(city.register_file, city.identity("pole-001-1")), broker).connect()
    for sign in signs:
        sign.set(permanent=[3, WELCOME])
    try:
        yield Town(centre, pole, *signs)
    finally:
        centre.stop()
        pole.close()
        for sign in signs:
            sign.stop()
        broker.stop()


def body(*boards: str, text: str, minutes: float = 30) -> dict[str, Any]:
    until = datetime.now(UTC) + timedelta(minutes=minutes)
    return {"boards": boards, "text": text, "until_at": until.isoformat()}


def test_boards_say_what_happens_and_what_people_write(town: Town) -> None:
    town.bridge.set(silent=True)
    collector = town.centre.collector
    collector.start()
    with town.client("kim") as kim, town.client("park") as park:
        wait_until(lambda: town.status("gate") == "idle", 60, "the gate's board to be read")
        made = park.post("/api/boards/square/screen")
        assert made.status_code == 201, made.text
        screen = Screen(collector.url, made.json()["path"])

        registered = {"tag": "E-1", "kind": "board", "fields": {"unit": "bridge"}}
        added = park.post("/api/assets", json=registered)
        assert added.status_code == 201, added.text

        # A fire: two boards say so within moments, though a third does not answer.
        fire = new_id()
        town.found(fire, "open")
        wait_until(lambda: town.told("gate") == ["shown", "told", "shown"], 60, "the gate's board")
        assert town.gate.shows == ON_WIRE
        wait_until(lambda: town.shows("square", "told"), 60, "the screen")
        assert screen.orders[-1]["then"]["multi"] == ""
        assert 0 < screen.orders[-1]["lasts_s"] <= 600
        wait_until(lambda: town.told("bridge") == ["silent"], 60, "the bridge to be missed")
        listed = {one["id"]: one for one in kim.get("/api/boards").json()}
        assert (listed["gate"]["showing"], listed["gate"]["told"]) == (FIRE, FIRE)
        assert listed["bridge"]["place"] == [37.51, 126.71]
        assert (listed["bridge"]["state"]["status"], listed["bridge"]["showing"]) == (
            "silent",
            None,
        )

        town.wait_asset(kim, "bad", "silent")

        # It is over: what stood before stands again.
        town.found(fire, "close")
        wait_until(lambda: town.told("gate")[-1] == "restored", 60, "the gate to be given back")
        assert town.gate.shows == WELCOME
        wait_until(lambda: town.told("square")[-1] == "restored", 60, "the screen to be given back")

        # A board that wants two people, which answers again and then tells a lie.
        town.bridge.set(silent=False)
        wait_until(lambda: town.status("bridge") == "idle", 90, "the bridge to answer")
        wide = kim.post(
            "/api/boards/messages", json=body("bridge", text="이 글은 너무 길어서 안 됩니다")
        )
        assert (wide.status_code, wide.json()["code"]) == (422, "board.unfit")
        asked = kim.post("/api/boards/messages", json=body("bridge", text="행사 안내"))
        assert (asked.status_code, asked.json()["state"]) == (201, "waiting"), asked.text
        message = f"/api/boards/messages/{asked.json()['message_id']}"
        assert kim.post(f"{message}/approval").status_code == 403
        town.bridge.set(lie="SALE 50%")
        assert park.post(f"{message}/approval").status_code == 200
        wait_until(lambda: town.told("bridge")[-2:] == ["told", "differs"], 60, "the lie")
        entry = kim.get("/api/boards/bridge/log").json()[0]
        assert (entry["shown"], entry["detail"]) == ("SALE 50%", "told: 행사 안내")
        town.wait_asset(kim, "bad", "differs")
        town.bridge.set(lie=None)
        wait_until(lambda: town.told("bridge")[-1] == "shown", 90, "the bridge to show it")
        # Somebody at its panel.
        town.bridge.set(panel="CLOSED")
        wait_until(
            lambda: town.told("bridge")[-3:] == ["changed", "told", "shown"], 60, "the panel"
        )
        assert park.post(f"{message}/end").status_code == 200
        wait_until(lambda: town.told("bridge")[-1] == "restored", 60, "the bridge to be given back")
        assert town.bridge.shows == WELCOME
        town.wait_asset(kim, "well")
    kinds = town.centre.rows("SELECT kind FROM ledger WHERE kind LIKE 'board.%' ORDER BY number")
    assert [row["kind"] for row in kinds] == [
        *("board.screen", "board.asked", "board.approved", "board.ended"),
    ]
    assert "city-boards" not in collector.log_file.read_text()


def test_killed_in_the_middle_the_board_is_led_on_and_ends_by_itself(town: Town) -> None:
    collector = town.centre.collector

    def ask(text: str, minutes: float) -> None:
        """It may be killed before it has answered."""
        with town.client("kim") as kim, contextlib.suppress(httpx.TransportError):
            kim.post("/api/boards/messages", json=body("gate", text=text, minutes=minutes))

    collector.start(faulted="board.written")
    wait_until(lambda: town.status("gate") == "idle", 60, "the gate's board to be read")
    ask("EXIT", 30)
    collector.wait_dead(60)
    # Written and not activated: nothing of it is seen.
    assert town.gate.shows == WELCOME
    collector.start(faulted="board.activated:2")
    wait_until(lambda: town.told("gate") == ["shown", "told", "shown"], 60, "the first message")
    assert town.gate.shows == "EXIT"
    ask("STOP", 4)
    collector.wait_dead(60)
    # Activated and not read back.
    assert town.gate.shows == "STOP"
    once = ["shown", "told", "shown", "told"]
    assert town.told("gate") == once
    collector.start()
    wait_until(lambda: town.told("gate")[-1] == "shown", 60, "the gate to be read back")
    assert town.told("gate") == [*once, "shown"]
    collector.kill()
    # With nobody there the board counts on: its minutes last a tenth of a second from now on.
    assert town.gate.set(hurry=0.1)["shows"] == "STOP"
    wait_until(lambda: town.gate.shows == WELCOME, 20, "the board to end it by itself")


def test_snmp_v3_and_secrets_that_are_not_the_boards(tmp_path: Path) -> None:
    agent = BoardAgent(tmp_path)
    agent.set(permanent=[3, WELCOME])

    def secret(text: str) -> str:
        file = tmp_path / text
        file.write_text(text)
        file.chmod(0o600)
        return str(file)

    def why(**changed: Any) -> str:
        """Why it cannot be read; what it shows, when it can."""
        board = a_board(tmp_path, snmp={**agent.address(), **changed})
        assert board.snmp is not None
        driver = NtcipDriver(board, Snmp(board.snmp))
        try:
            return driver.read().multi
        except BoardError as error:
            return error.why
        finally:
            driver.close()

    user = {"name": USER, "auth_file": secret(AUTH), "privacy_file": secret(PRIVACY)}
    wrong = {**user, "auth_file": secret("somebody-else")}
    assert why() == WELCOME
    assert why(community_file=None, user=user) == WELCOME
    assert why(community_file=None, user=wrong) == "credentials"
    assert why(community_file=None, user={**user, "name": "nobody"}) == "credentials"
    assert why(community_file=secret("not-the-community")) == "silent"
    agent.stop()
