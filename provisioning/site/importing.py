"""Rows of a spreadsheet to sites: pure, and naming every flaw of every row at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError

from provisioning.site.model import UPLINKS, Site, is_zone, wrong_url
from provisioning.site.position import position_flaw
from provisioning.site.sheet import Row
from provisioning.words import in_language
from wire.language import Language
from wire.names import is_name

MAX_CAMERAS = 64


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong in one row; never repeats a URL, which may hold a password."""

    row: int
    column: str
    key: str
    values: dict[str, object] = field(default_factory=dict)

    def text(self, language: Language | None = None) -> str:
        return in_language(language, f"site.flaw.{self.key}", **self.values)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the command line says for all rows."""

    city: str
    broker: str | None = None
    time_zone: str = "Asia/Seoul"


@dataclass(frozen=True, slots=True)
class Import:
    """All sites and all flaws; sites count only when there is no flaw."""

    sites: tuple[Site, ...]
    flaws: tuple[Flaw, ...]


def import_rows(rows: Iterable[Row], defaults: Defaults) -> Import:
    """One site a pole; a pole with several cameras has a row for each."""
    reader = _Reader(defaults)
    for row in rows:
        reader.take(row)
    return Import(tuple(reader.sites()), tuple(sorted(reader.flaws, key=lambda f: f.row)))


@dataclass
class _Pole:
    row: int
    fields: dict[str, object]
    cameras: list[dict[str, str]] = field(default_factory=list)


class _Reader:
    def __init__(self, defaults: Defaults) -> None:
        self._defaults = defaults
        self._poles: dict[str, _Pole] = {}
        self._urls: dict[str, int] = {}
        self.flaws: list[Flaw] = []

    def take(self, row: Row) -> None:
        before = len(self.flaws)
        fields = self._fields(row)
        camera = self._camera(row)
        pole = row["pole"]
        if not is_name(pole):
            return
        known = self._poles.setdefault(pole, _Pole(row.number, fields))
        # A row that is flawed itself says nothing about the rows that it might differ from.
        if len(self.flaws) > before:
            return
        for column, value in fields.items():
            if known.fields.get(column) != value:
                self._flaw(row, column, "differs", pole=pole, other=known.row)
        if camera["id"] in (one["id"] for one in known.cameras):
            self._flaw(row, "camera", "camera-twice", camera=camera["id"], pole=pole)
        elif len(known.cameras) == MAX_CAMERAS:
            self._flaw(row, "camera", "too-many", pole=pole, most=MAX_CAMERAS)
        else:
            known.cameras.append(camera)

    def sites(self) -> Iterable[Site]:
        if self.flaws:
            return
        for pole in self._poles.values():
            try:
                yield Site.model_validate({**pole.fields, "cameras": pole.cameras})
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                column = ".".join(map(str, first["loc"]))
                self.flaws.append(Flaw(pole.row, column, "invalid", {"reason": first["msg"]}))

    def _flaw(self, row: Row, column: str, key: str, **values: object) -> None:
        self.flaws.append(Flaw(row.number, column, key, values))

    def _fields(self, row: Row) -> dict[str, object]:
        pole = row["pole"]
        if not pole:
            self._flaw(row, "pole", "missing")
        elif not is_name(pole):
            self._flaw(row, "pole", "no-name", value=pole[:40], hint=_as_name(pole))
        latitude, longitude = self._degrees(row, "latitude"), self._degrees(row, "longitude")
        if latitude is not None and longitude is not None:
            wrong = position_flaw(latitude, longitude)
            if wrong:
                self._flaw(row, "latitude", wrong, latitude=latitude, longitude=longitude)
        uplink = row["uplink"].lower() or "fibre"
        uplink = {"광": "fibre", "광케이블": "fibre", "기타": "other"}.get(uplink, uplink)
        if uplink not in UPLINKS:
            self._flaw(row, "uplink", "uplink", value=uplink[:40], allowed=", ".join(UPLINKS))
        zone = row["time_zone"] or self._defaults.time_zone
        if not is_zone(zone):
            self._flaw(row, "time_zone", "zone", value=zone[:40])
        broker = row["broker"] or self._defaults.broker or ""
        host, _, port = broker.partition(":")
        if not host:
            self._flaw(row, "broker", "no-broker")
        elif port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            self._flaw(row, "broker", "port", value=port[:20])
            port = ""
        return {
            "city": self._defaults.city,
            "pole": pole,
            "position": {"latitude": latitude, "longitude": longitude},
            "address": row["address"],
            "time_zone": zone,
            "uplink": {"kind": uplink, "bytes_per_s": self._bytes(row)},
            "collector": {"host": host, "port": int(port or 8883)},
        }

    def _camera(self, row: Row) -> dict[str, str]:
        camera = {"id": row["camera"], "url": row["url"]}
        if not row["camera"]:
            self._flaw(row, "camera", "missing")
        elif not is_name(row["camera"]):
            hint = _as_name(row["camera"])
            self._flaw(row, "camera", "no-name", value=row["camera"][:40], hint=hint)
        if not row["url"]:
            self._flaw(row, "url", "missing")
        for column in ("url", "sub_url"):
            url = row[column]
            if not url:
                continue
            if wrong := wrong_url(url):
                key = "password-in-url" if "password" in wrong else "url"
                self._flaw(row, column, key)
            elif url in self._urls:
                self._flaw(row, column, "url-twice", other=self._urls[url])
            else:
                self._urls[url] = row.number
            camera[column] = url
        if row["credentials"]:
            if not is_name(row["credentials"]):
                # Not repeated: somebody may have written the password itself.
                self._flaw(row, "credentials", "credentials")
            camera["credentials"] = row["credentials"]
        return camera

    def _degrees(self, row: Row, column: str) -> float | None:
        text = row[column].rstrip("°").strip()
        if not text:
            self._flaw(row, column, "missing")
            return None
        if re.search(r"[°'\"\u2032\u2033도분초]", text):
            self._flaw(row, column, "degrees-minutes", value=text[:40])
            return None
        if not re.fullmatch(r"[+-]?\d+(\.\d+)?", text, re.ASCII):
            self._flaw(row, column, "no-number", value=text[:40])
            return None
        return float(text)

    def _bytes(self, row: Row) -> int | None:
        text = row["bytes_per_s"].replace(",", "")
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and int(text) >= 1000):
            self._flaw(row, "bytes_per_s", "bytes", value=text[:40])
            return None
        return int(text)


def _as_name(text: str) -> str:
    """The nearest name that would be allowed, to propose; `-` when nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:32] or "-"
