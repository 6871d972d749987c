"""The day's books, from what receivers and viewers noted for themselves and what the centre says.

A delivery counts as acknowledged when its receiver noted that it answered the newest revision that
it got. The centre's word is what the operator's console shows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from collector.cap.telling import delivery_of
from tests.support.agencies import HttpsAgency, MqttAgency
from tests.support.cap import read_by_another

Revision = tuple[str, int]
"""Delivery id and revision."""
ACKNOWLEDGED = ("received", "accepted")


@dataclass(frozen=True, slots=True)
class Account:
    """One agency's, over one channel."""

    agency: str
    channel: str
    messages: int
    """Repeated ones and every revision too."""
    deliveries: frozenset[str]
    acknowledged: frozenset[str]


@dataclass(frozen=True, slots=True)
class View:
    """One viewing, by who viewed."""

    agency: str
    person: str
    case: str
    camera: str
    live: bool


def of_mqtt(agency: MqttAgency, said: set[Revision]) -> Account:
    """`said`: what it acknowledged."""
    came = [(one.delivery_id, one.revision) for one in agency.incidents()]
    return _account(agency.name, "mqtt", came, said)


def of_https(agency: HttpsAgency) -> Account:
    """By its record of requests: it acknowledges in the answer, where its mode is ack."""
    came, said = [], set()
    for one in agency.requests():
        revision = _revision(agency.kind, one["body"])
        if revision is None:
            continue
        came.append(revision)
        if one["mode"] == "ack":
            said.add(revision)
    return _account(agency.name, agency.kind, came, said)


def _revision(kind: str, text: bytes) -> Revision | None:
    if kind == "cap":
        return delivery_of(read_by_another(text).identifier)
    if text.startswith(b"\xff\xd8"):
        # A picture that came after its incident.
        return None
    told = json.loads(text)["data"]
    return told["delivery_id"], told["revision"]


def _account(name: str, channel: str, came: list[Revision], said: set[Revision]) -> Account:
    newest: dict[str, int] = {}
    for delivery, revision in came:
        newest[delivery] = max(revision, newest.get(delivery, 0))
    answered = {one for one in newest.items() if one in said}
    return Account(
        name, channel, len(came), frozenset(newest), frozenset(delivery for delivery, _ in answered)
    )


def by_the_centre(incidents: Iterable[Mapping[str, Any]]) -> Counter[tuple[str, str, bool]]:
    """Deliveries as the console shows them: by agency, channel, and whether acknowledged."""
    return Counter(
        (one["agency"], one["channel"], one["state"] in ACKNOWLEDGED)
        for incident in incidents
        for one in incident["deliveries"]
    )


def fault(accounts: Iterable[Account], centre: Counter[tuple[str, str, bool]]) -> str | None:
    """What does not balance; None when every delivery is acknowledged on both sides."""
    wanted: Counter[tuple[str, str, bool]] = Counter()
    for one in accounts:
        if left := one.deliveries - one.acknowledged:
            return f"{one.agency} by {one.channel} has not acknowledged {sorted(left)}"
        wanted[(one.agency, one.channel, True)] = len(one.deliveries)
    wanted = +wanted
    return None if wanted == centre else f"receivers have {wanted}, the centre {centre}"


def views_of(rows: Iterable[Mapping[str, str]]) -> Counter[View]:
    """What the exported record of provision says was viewed."""
    return Counter(
        View(
            row["제공받는 기관"], row["비고"], row["문서번호"], row["촬영 장소"],
            row["촬영 기간"].endswith("(실시간)"),
        )
        for row in rows
        if row["구분"] == "열람"
    )  # fmt: skip
