"""The end of what was shown of a case: which cameras' sessions, and the orders that end them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from collector.services.case import Case
from collector.store import cases, orders
from collector.store.disasters import Ending
from wire.command import WhepWithdraw
from wire.whep import WhepWithdrawal


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An agency's grants for a case's cameras, given up to `until`, permit nothing any more."""

    case_id: str
    agency: str
    case: str
    cameras: frozenset[tuple[str, str]]
    """Device and camera."""
    until: datetime
    """By the signer's clock."""


def of_case(run: sqlite3.Connection, one: Case, until: datetime) -> Withdrawal:
    """All cameras of a case but those that another of the same number still shows."""
    others = (
        other
        for other in cases.of_agency_number(run, one.agency, one.case)
        if other.case_id != one.case_id and other.state == "approved"
    )
    kept = {key for other in others for key in _keys(other)}
    return Withdrawal(one.case_id, one.agency, one.case, frozenset(_keys(one) - kept), until)


def of_ending(run: sqlite3.Connection, ending: Ending, until: datetime) -> Withdrawal | None:
    """The same of a permit that an alert's own end ends; None: no case was under it."""
    one = cases.of_permit(run, ending.permit_id)
    if one is None:
        return None
    if not ending.cameras:
        return of_case(run, one, until)
    return Withdrawal(one.case_id, one.agency, one.case, frozenset(ending.cameras), until)


def order(run: sqlite3.Connection, withdrawal: Withdrawal, now: datetime) -> None:
    """Have each pole end them, at once or as soon as it is there."""
    by_device: dict[str, list[str]] = {}
    for device, camera in sorted(withdrawal.cameras):
        by_device.setdefault(device, []).append(camera)
    for device, cameras in by_device.items():
        said = WhepWithdrawal(
            agency=withdrawal.agency,
            case=withdrawal.case,
            cameras=tuple(cameras),
            issued_until=withdrawal.until,
        )
        orders.add(run, device, WhepWithdraw(withdrawal=said), now)


def _keys(one: Case) -> set[tuple[str, str]]:
    return {(camera.device, camera.camera) for camera in one.cameras}
