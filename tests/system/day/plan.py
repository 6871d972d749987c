"""The town of the day on paper: where its cameras stand, who is told of what, who belongs to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from collector.services.place import Point, moved

SCENE = Point(37.5371, 126.7377)
"""Where the first two cameras stand."""
MARKET = moved(SCENE, 900, 0)
"""Nine hundred metres east: no camera here is within 500 m of the scene."""

POLES: dict[str, tuple[str, ...]] = {
    "pole-001-1": ("street", "corner"),
    "pole-002-1": ("market", "school"),
}
BASIS = "개인정보 보호법 제18조제2항제3호"
PASSWORD = "correct horse battery"
PEOPLE = (
    ("oper", "centre", "operator"),
    ("kim", "police", "officer"),
    ("lee", "fire", "officer"),
    ("park", "safety", "officer"),
)
LADDER = {"agency": "police", "within_s": 3.0, "severities": ["severe"], "to": ["police/webhook"]}
TIMES: dict[str, Any] = {
    "dispatch": {"first_retry_s": 0.5, "longest_retry_s": 1.0, "give_up_after": 1000},
    "retention": {"ledger_days": 365},
    "command_timeout_s": 20.0,
}
"""A day's waiting in seconds; the ledger's fields are kept for the year that the law wants."""


def cameras() -> list[dict[str, Any]]:
    """Of collector.yaml."""
    return [
        _camera("pole-001-1", "street", "계양대로", SCENE, bearing_deg=0),
        _camera("pole-001-1", "corner", "계산동 모퉁이", moved(SCENE, 0, 60), bearing_deg=180),
        _camera("pole-002-1", "market", "시장 입구", MARKET, bearing_deg=90),
        _camera("pole-002-1", "school", "학교 앞", moved(MARKET, 0, 70), bearing_deg=180),
    ]


def routes(endpoints: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """routing.yaml: crime and calls for help to 112, rescue to 119 twice, rain to its room."""
    return {
        "routes": [
            {"name": "crime", "types": ["intrusion", "fight", "sos"], "agencies": ["police"]},
            {"name": "rescue", "types": ["fire", "fall"], "agencies": ["fire", "fire/cap"]},
            {"name": "weather", "types": ["disaster"], "agencies": ["safety"]},
        ],
        "endpoints": list(endpoints),
        "escalations": [LADDER],
    }


def layer() -> dict[str, Any]:
    """What fire engines want to know of the market."""
    hydrant, gas = moved(MARKET, 20, 30), moved(MARKET, -30, 10)
    return {
        "type": "FeatureCollection",
        "features": [
            _feature({"kind": "hydrant", "id": "계산-12"}, hydrant),
            _feature({"kind": "hazard", "text": "LPG 저장소"}, gas),
        ],
    }


def standing_rule() -> dict[str, Any]:
    """What the police take up without an operator: calls for help."""
    now = datetime.now(UTC)
    return {
        "rule": "calls-for-help",
        "agency": "police",
        "services": ["vulnerable"],
        "bases": [BASIS],
        "most_cameras": 60,
        "valid_from": (now - timedelta(hours=1)).isoformat(),
        "valid_until": (now + timedelta(days=1)).isoformat(),
        "document": "계양구-계양경찰서 2026-11",
        "decided_by": ["박, 개인정보 보호책임자"],
    }


def place(point: Point, **more: Any) -> dict[str, Any]:
    """As the services want it."""
    return {"lat": point.lat, "lon": point.lon, **more}


def _camera(device: str, camera: str, title: str, at: Point, **more: Any) -> dict[str, Any]:
    return {"device": device, "camera": camera, "title": title, **place(at), **more}


def _feature(properties: dict[str, Any], at: Point) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [at.lon, at.lat]}
    return {"type": "Feature", "properties": properties, "geometry": point}
