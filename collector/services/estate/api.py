"""`/api/assets`: the registry, its tables, pictures and months, for people and for programs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from collector.access import declares
from collector.guard import same_origin
from collector.problems import ProblemError
from collector.roles import require
from collector.services.case import Body
from collector.services.estate import shown
from collector.services.estate.condition import conditions
from collector.services.estate.desk import EstateDesk, Taken
from collector.services.estate.export import HEADINGS, TITLE, asset_rows
from collector.services.estate.faults import Condition
from collector.services.estate.fields import FIELDS, KINDS, Kind
from collector.services.estate.photo import MOST_BYTES, read_photo
from collector.services.estate.report import HEADINGS as AVAILABILITY
from collector.services.estate.report import MonthReport, month_report, report_rows
from collector.services.estate.table import (
    AssetTableError,
    Entry,
    Table,
    bad_tag,
    read_file,
    read_value,
)
from collector.services.estate.work_desk import WORKERS
from collector.services.estate.world import WorldView
from collector.store import estate, spans, work_orders
from collector.store.database import Database
from collector.store.estate import Asset
from collector.store.reader import Reader
from wire.clock import Clock
from wire.grant import PersonToken
from wire.sheet import SheetError
from wire.sheet_out import Cell, csv_bytes, xlsx_bytes

KEEPERS: Final = frozenset({"supervisor", "administrator"})
READERS: Final = KEEPERS | WORKERS
LONGER: Final = {"/api/assets": MOST_BYTES, "/api/work-orders": MOST_BYTES}
"""Paths whose bodies may be as long as a picture or a table."""
MOST_CHANGES, MOST_ORDERS = 100, 20
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AssetId = Annotated[str, Path(pattern=r"^[a-z2-9]{12}$")]
Json = shown.Json
Month = Annotated[str, Query(max_length=7, description="Of the site's calendar: 2026-11.")]


class AssetBody(Body):
    """Fields by name, as texts; an empty one empties it."""

    fields: dict[str, Annotated[str, Field(max_length=500)]] = Field(max_length=40)


class NewAssetBody(AssetBody):
    """An asset that is not registered yet."""

    tag: str = Field(max_length=40)
    kind: Kind


@dataclass(frozen=True, slots=True)
class Estate:
    """What answers about assets are made of."""

    database: Database
    reader: Reader
    world: WorldView
    desk: EstateDesk
    zone: ZoneInfo
    clock: Clock

    def listed(self) -> list[Json]:
        """Every asset as it is now."""
        assets = self.reader.look(estate.all_of)
        return [one for one, _ in self._as_they_are(assets, assets)]

    def one(self, asset_id: str) -> Json:
        """One asset with its history, orders, and what belongs together with it."""
        assets, changes, states, orders = self.reader.look(
            lambda run: (
                estate.all_of(run),
                estate.changes_of(run, asset_id, MOST_CHANGES),
                estate.states_of(run, asset_id, MOST_CHANGES),
                [
                    shown.order(one, work_orders.steps(run, one.number))
                    for one in work_orders.of_asset(run, asset_id, MOST_ORDERS)
                ],
            )
        )
        found = next((one for one in assets if one.asset_id == asset_id), None)
        if found is None:
            raise ProblemError("estate.unknown")
        near = [one for one in assets if found.tag == one.parent or one.tag == found.parent]
        (mine, state), *others = self._as_they_are([found, *near], assets)
        return {
            **mine,
            **shown.details(found, state),
            "parts": [one for one, _ in others if one["parent"] == found.tag],
            "on": next((one for one, _ in others if one["tag"] == found.parent), None),
            "changes": [shown.change(one) for one in changes],
            "states": [shown.was(one) for one in states],
            "work": orders,
        }

    def _as_they_are(self, assets: list[Asset], every: list[Asset]) -> list[tuple[Json, Condition]]:
        """`every`: all there are, for a pole is as what hangs on it."""
        world = self.world.now()
        states = conditions(every, world)
        places = [(one.device or "", one.camera or "") for one in assets]
        seen, last, orders = self.reader.look(
            lambda run: (
                [spans.last_seen(run, one) if one[1] else None for one in places],
                estate.newest_states(run),
                shown.counts(work_orders.not_closed(run)),
            )
        )
        found = []
        for one, place, saw in zip(assets, places, seen, strict=True):
            state, waiting = states[one.asset_id], orders.get(one.asset_id, 0)
            since = shown.since(state, saw, last.get(one.asset_id))
            camera = world.cameras.get(place)
            found.append((shown.asset(one, state, camera, since, waiting), state))
        return found

    def month(self, month: str) -> MonthReport:
        """Raises ProblemError for what is no month."""
        cameras, now = self.reader.cameras(), self.clock.now()
        try:
            return self.reader.look(lambda run: month_report(run, cameras, month, self.zone, now))
        except ValueError as error:
            raise ProblemError("request.invalid", str(error)) from None

    def take(self, table: Table, person: str, *, only_check: bool) -> Taken:
        with self.database.transaction() as run:
            return self.desk.take(run, table, person, self.clock.now(), only_check=only_check)

    def add(self, body: NewAssetBody, person: str) -> Asset:
        """Raises ProblemError estate.table with the first thing that is wrong."""
        if reason := bad_tag(body.tag):
            raise ProblemError("estate.table", reason)
        entry = Entry(0, body.tag, body.kind, _values(body.fields))
        with self.database.transaction() as run:
            if estate.tagged(run, body.tag) is not None:
                raise ProblemError("estate.table", f"the number {body.tag} is registered already")
            return self._put(run, entry, person)

    def change(self, known: Asset, body: AssetBody, person: str) -> Asset:
        """The same of one that is registered."""
        kind = next(one for one in KINDS if one == known.kind)
        entry = Entry(0, known.tag, kind, _values(body.fields))
        with self.database.transaction() as run:
            return self._put(run, entry, person)

    def _put(self, run: sqlite3.Connection, entry: Entry, person: str) -> Asset:
        taken = self.desk.take(run, Table((entry,)), person, self.clock.now())
        found = estate.tagged(run, entry.tag)
        if not taken.taken or found is None:
            raise ProblemError("estate.table", taken.bad[0].reason)
        return found


def build_router(of: Estate, signed_in: Callable[[Request], PersonToken]) -> APIRouter:
    """Reading for all whose trade cameras are, changing for who keeps the registry.

    `signed_in`: who asks; raises ProblemError for nobody.
    """
    router = APIRouter(prefix="/api/assets", tags=["assets"])
    reading = declares(scope="assets:read")
    changing = [declares(), Depends(same_origin)]

    def reader(person: PersonToken = Depends(signed_in)) -> PersonToken:
        require(person, READERS, "seeing assets")
        return person

    def keeper(person: PersonToken = Depends(signed_in)) -> PersonToken:
        require(person, KEEPERS, "keeping the registry of assets")
        return person

    @router.get("", dependencies=[reading, Depends(reader)])
    def every() -> Response:
        """All assets with their state and how many work orders are open."""
        return _json({"assets": of.listed()})

    @router.get("/table", dependencies=[reading, Depends(reader)])
    def table(format: Literal["csv", "xlsx"] = "xlsx") -> Response:
        """The registry as a table that the import takes back."""
        rows = asset_rows(of.reader.look(estate.all_of))
        return _table(format, TITLE, HEADINGS, rows)

    @router.post("/table", dependencies=changing)
    async def take(
        request: Request, check: bool = False, person: PersonToken = Depends(keeper)
    ) -> Response:
        """Take a CSV or XLSX file: all of it, or nothing and every bad row is told."""
        data = await request.body()

        def work() -> Taken:
            try:
                return of.take(read_file("table", data), person.person, only_check=check)
            except (SheetError, AssetTableError) as error:
                raise ProblemError("estate.table", str(error)) from None

        return _json(shown.taken(await run_in_threadpool(work)))

    @router.get("/availability", dependencies=[reading, Depends(reader)])
    def availability(month: Month, format: Literal["json", "csv", "xlsx"] = "json") -> Response:
        """Every camera's month; sums by purpose and of all."""
        report = of.month(month)
        if format == "json":
            return _json(shown.month(report))
        return _table(format, f"가동률 {month}", AVAILABILITY, report_rows(report))

    @router.post("", status_code=201, dependencies=changing)
    def add(body: NewAssetBody, person: PersonToken = Depends(keeper)) -> Response:
        """Register one asset."""
        return _json(of.one(of.add(body, person.person).asset_id), status=201)

    @router.get("/{asset_id}", dependencies=[reading, Depends(reader)])
    def one(asset_id: AssetId) -> Response:
        """One asset: state, history, work orders, and what hangs on it."""
        return _json(of.one(asset_id))

    @router.patch("/{asset_id}", dependencies=changing)
    def change(
        asset_id: AssetId, body: AssetBody, person: PersonToken = Depends(keeper)
    ) -> Response:
        """Change the fields that are named."""
        of.change(_known(of, asset_id), body, person.person)
        return _json(of.one(asset_id))

    @router.put("/{asset_id}/photo", status_code=204, dependencies=changing)
    async def put_photo(
        asset_id: AssetId, request: Request, person: PersonToken = Depends(signed_in)
    ) -> Response:
        """Its picture: JPEG, PNG or WebP, written anew without what it tells of its making."""
        require(person, KEEPERS | WORKERS, "changing an asset's picture")
        data = await request.body()

        def work() -> None:
            picture = read_photo(data)
            known, now = _known(of, asset_id), of.clock.now()
            with of.database.transaction() as run:
                estate.keep_photo(run, picture.sha256, picture.jpeg, now)
                estate.put_photo(run, asset_id, picture.sha256)
                change = {"photo": (known.photo, picture.sha256)}
                estate.note_changes(run, asset_id, change, person.person, now)

        await run_in_threadpool(work)
        return Response(status_code=204)

    @router.get("/photos/{sha256}", dependencies=[declares(), Depends(reader)])
    def photo(sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]) -> Response:
        """A picture of an asset or of work on one."""
        jpeg = of.reader.look(lambda run: estate.photo(run, sha256))
        if jpeg is None:
            raise ProblemError("estate.unknown", "there is no such picture")
        kept = {"Cache-Control": "private, max-age=86400, immutable"}
        return Response(jpeg, media_type="image/jpeg", headers=kept)

    return router


def _values(fields: dict[str, str]) -> dict[str, str | float | None]:
    by_name = {one.name: one for one in FIELDS}
    if unknown := sorted(fields.keys() - by_name.keys()):
        raise ProblemError("request.invalid", f"there is no field {unknown[0][:40]}")
    values = {}
    for name, text in fields.items():
        try:
            values[name] = read_value(by_name[name], text)
        except ValueError as error:
            raise ProblemError("estate.table", f"{by_name[name].heading}: {error}") from None
    return values


def _known(of: Estate, asset_id: str) -> Asset:
    found = of.reader.look(lambda run: estate.find(run, asset_id))
    if found is None:
        raise ProblemError("estate.unknown")
    return found


def _json(found: dict[str, Any], status: int = 200) -> Response:
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, media_type="application/json")


def _table(
    format: Literal["csv", "xlsx"], title: str, headings: tuple[str, ...], rows: list[list[Cell]]
) -> Response:
    write: dict[str, Callable[[], bytes]] = {
        "csv": lambda: csv_bytes(headings, rows),
        "xlsx": lambda: xlsx_bytes(title, headings, rows),
    }
    name = quote(f"{title}.{format}")
    return Response(
        write[format](),
        media_type="text/csv; charset=utf-8" if format == "csv" else XLSX,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )
