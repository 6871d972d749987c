"""What a session's grant lets its page export."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from edge_agent.clips.exports.permit import refusal
from wire.export import ExportRequest
from wire.grant import Grant
from wire.names import new_id

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
S = timedelta(seconds=1)


def grant(**changed: object) -> Grant:
    return Grant.model_validate(
        {
            "grant_id": new_id(),
            "device": "pole-001-1",
            "camera": "yard",
            "rights": ("recorded", "export"),
            "start_at": NOW - 60 * S,
            "end_at": NOW,
            "case": "2026-1187",
            "agency": "police",
            "person": "kim",
            "basis": "PIPA 18(2)7",
            "purpose": "search",
            "fingerprint": ":".join(["AA"] * 32),
            "issued_at": NOW,
            "expires_at": NOW + 600 * S,
            **changed,
        }
    )


def request(start_s: float = -60, end_s: float = 0, camera: str = "yard") -> ExportRequest:
    return ExportRequest(camera=camera, start_at=NOW + start_s * S, end_at=NOW + end_s * S)


@pytest.mark.parametrize(("start_s", "end_s"), [(-60, 0), (-30, -29)])
def test_what_it_covers_may_be_exported(start_s: float, end_s: float) -> None:
    assert refusal(request(start_s, end_s), grant(), NOW) is None


@pytest.mark.parametrize(
    ("asked", "changed", "code", "said"),
    [
        (
            request(),
            {"rights": ("live", "recorded")},
            "grant.foreign",
            "live, recorded, not export",
        ),
        (request(camera="gate"), {}, "grant.foreign", "it is for pole-001-1/yard"),
        (request(-61, 0), {}, "grant.foreign", "it covers"),
        (request(-60, 0.001), {}, "grant.foreign", "it covers"),
        (request(-10, -10), {}, "request.invalid", "before start_at"),
        (request(), {"expires_at": NOW}, "grant.expired", "valid from"),
    ],
)
def test_what_it_does_not_cover_may_not(
    asked: ExportRequest, changed: dict[str, object], code: str, said: str
) -> None:
    found = refusal(asked, grant(**changed), NOW)
    assert found is not None
    assert found[0] == code
    assert said in found[1]


def test_nobody_exports_what_he_may_not_see() -> None:
    with pytest.raises(ValidationError, match="recorded video too"):
        grant(rights=("live", "export"))
