"""Assets, orders and months as the JSON of the API. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from collector.said import korean
from collector.services.estate.availability import Seen, Share
from collector.services.estate.desk import Taken
from collector.services.estate.faults import Condition, OldModel
from collector.services.estate.report import CameraMonth, MonthReport, percent
from collector.store.estate import Asset, AssetChange, AssetWas
from collector.store.rows import CameraRow
from collector.store.work_orders import WorkOrder, WorkStep
from wire.codes import fault
from wire.names import utc_text

Json = dict[str, Any]


def asset(
    one: Asset,
    state: Condition,
    camera: CameraRow | None,
    since: datetime | None,
    orders: int,
) -> Json:
    """One asset as lists show it. Place and name of a connected camera are the configuration's."""
    return {
        "id": one.asset_id,
        "tag": one.tag,
        "kind": one.kind,
        "title": one.title or (camera.title if camera else None),
        "parent": one.parent,
        "device": one.device,
        "camera": one.camera,
        "unit": one.unit,
        "maker": one.maker,
        "model": one.model,
        "serial": one.serial,
        "purpose": one.purpose,
        "department": one.department,
        "address": one.address or (camera.address if camera else None),
        "lat": camera.lat if camera else one.lat,
        "lon": camera.lon if camera else one.lon,
        "state": state.state,
        "faults": list(state.faults),
        "since": _time(since),
        "orders": orders,
    }


def details(one: Asset, state: Condition) -> Json:
    """What a list does not show of an asset; `own`: what it says itself and no configuration."""
    known = fault(state.code) if state.code else None
    return {
        "firmware": one.firmware,
        "installed": one.installed,
        "warranty": one.warranty,
        "retired": one.retired,
        "view": one.view,
        "network": one.network,
        "note": one.note,
        "photo": one.photo,
        "own": {name: getattr(one, name) for name in ("title", "address", "lat", "lon")},
        "cause": known
        and {
            "code": known.code,
            "number": known.number,
            "title": {"ko": known.title_ko, "en": known.title_en},
            "remedy": {"ko": known.remedy_ko, "en": known.remedy_en},
        },
        "models": [_model(model) for model in state.models],
    }


def was(one: AssetWas) -> Json:
    return {**asdict(one), "at": utc_text(one.at)}


def since(state: Condition, seen: Seen | None, last: AssetWas | None) -> datetime | None:
    """Since when it is so, as far as anybody knows: a camera's picture is followed at once."""
    if seen is not None:
        return seen.at
    same = last is not None and (last.state, last.faults) == (state.state, state.faults)
    return last.at if last is not None and same else None


def change(one: AssetChange) -> Json:
    return {**asdict(one), "at": utc_text(one.at)}


def order(one: WorkOrder, steps: Iterable[WorkStep] = ()) -> Json:
    """One order; `repair_s` is null until it is well again."""
    return {
        "number": one.number,
        "asset_id": one.asset_id,
        "fault": one.fault,
        "title": one.title,
        "state": one.state,
        "planned": one.planned and [utc_text(one.planned.start), utc_text(one.planned.end)],
        "broken_at": utc_text(one.broken_at),
        "opened_at": utc_text(one.opened_at),
        "opened_by": one.opened_by,
        "assigned_to": one.assigned_to,
        "done_at": _time(one.done_at),
        "done_by": one.done_by,
        "closed_at": _time(one.closed_at),
        "reopened": one.reopened,
        "repair_s": one.repair_s,
        "steps": [{**asdict(step), "at": utc_text(step.at)} for step in steps],
    }


def month(report: MonthReport) -> Json:
    """The whole report; hours are left to the reader."""
    return {
        "month": report.month,
        "from": utc_text(report.within.start),
        "to": utc_text(report.within.end),
        "cameras": [_camera_month(one) for one in report.cameras],
        "purposes": [
            {"purpose": name, "cameras": count, **share(of)} for name, count, of in report.purposes
        ],
        "total": {"cameras": len(report.cameras), **share(report.total)},
    }


def share(one: Share) -> Json:
    return {**asdict(one), "owed_s": one.owed_s, "percent": percent(one)}


def taken(found: Taken) -> Json:
    """What became of a table; reasons in both languages."""
    return {
        **found.model_dump(mode="json"),
        "bad": [
            {"row": one.row, "reason": {"ko": korean(one.reason) or one.reason, "en": one.reason}}
            for one in found.bad
        ],
    }


def counts(orders: Iterable[WorkOrder]) -> Mapping[str, int]:
    """Orders that are not closed, by asset."""
    found: dict[str, int] = {}
    for one in orders:
        found[one.asset_id] = found.get(one.asset_id, 0) + 1
    return found


def _model(one: OldModel) -> Json:
    return {"name": one.runs.name, "runs": one.runs.sha256, "wanted": one.wanted}


def _camera_month(one: CameraMonth) -> Json:
    return {
        "id": one.asset and one.asset.asset_id,
        "tag": one.asset and one.asset.tag,
        "title": one.title,
        "purpose": one.purpose,
        "department": one.asset and one.asset.department,
        "place": one.place,
        **share(one.share),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else utc_text(moment)
