"""The machine of a disaster situation room: CAP 1.2, signed, and our answers read back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from collector.cap.document import Alert, Area, Circle, Info
from collector.cap.read import read_cap
from collector.cap.write import write_cap
from collector.channels.signature import HEADER, sign
from tests.support.cap import against_the_schema, read_by_another

SEOUL = ZoneInfo("Asia/Seoul")


class Poster(Protocol):
    """httpx's client, or Starlette's."""

    def post(self, url: str, *, content: bytes, headers: dict[str, str]) -> Any: ...


def circle(lat: float, lon: float, radius_m: float, **changed: Any) -> Area:
    return Area(**{"desc": "계산동", "circles": (Circle(lat, lon, radius_m / 1000),), **changed})


def info(*areas: Area, **changed: Any) -> Info:
    usual: dict[str, Any] = {
        "language": "ko-KR", "categories": ("Met",), "event": "호우경보", "urgency": "Immediate",
        "severity": "Extreme", "certainty": "Observed", "headline": "시간당 80 mm",
        "event_codes": (("KR.eventCode", "HRA"),), "areas": areas,
    }  # fmt: skip
    return Info(**{**usual, **changed})


class Room:
    """Numbers its messages, each a second later than the one before."""

    def __init__(
        self,
        client: Poster,
        url: str,
        secret: bytes,
        now: Callable[[], datetime],
        usual: Area,
    ) -> None:
        """`usual`: where it is, unless an alert says otherwise."""
        self._client = client
        self._url = url
        self._secret = secret
        self._now = now
        self._usual = usual
        self._count = 0

    def alert(self, msg_type: str = "Alert", *about: Alert, **changed: Any) -> Alert:
        self._count += 1
        sent = self._now().astimezone(SEOUL).replace(microsecond=0)
        usual: dict[str, Any] = {
            "identifier": f"KR-{self._count}",
            "sender": "room@incheon",
            "sent": sent + timedelta(seconds=self._count),
            "status": "Actual",
            "msg_type": msg_type,
            "scope": "Private",
            "addresses": ("polewatch",),
            "references": tuple(one.reference for one in about),
            "infos": () if msg_type == "Cancel" else (info(self._usual),),
        }
        return Alert(**{**usual, **changed})

    def raw(self, body: bytes, at: datetime | None = None, secret: bytes | None = None) -> Any:
        headers = {HEADER: sign(secret or self._secret, body, at or self._now())}
        return self._client.post(self._url, content=body, headers=headers)

    def send(self, message: Alert) -> Alert:
        """Our Ack, read back."""
        answer = self.raw(write_cap(message))
        assert answer.status_code == 200, answer.text
        word = self._word(answer, message)
        assert word.msg_type == "Ack"
        return word

    def refused(self, message: Alert, status: int) -> str:
        """Why, as our Error says."""
        answer = self.raw(write_cap(message))
        assert answer.status_code == status, answer.text
        word = self._word(answer, message)
        assert word.msg_type == "Error"
        return str(word.note)

    def _word(self, answer: Any, message: Alert) -> Alert:
        assert answer.headers["content-type"].startswith("application/cap+xml")
        assert against_the_schema(answer.content) is None
        assert read_by_another(answer.content).identifier == f"{message.identifier}_ACK"
        word = read_cap(answer.content)
        assert word.references == (message.reference,)
        assert word.sent.utcoffset() == timedelta(hours=9)
        return word
