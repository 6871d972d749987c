"""Labels for assets: a code that opens the asset on a phone, and what a person reads. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import segno
from markupsafe import Markup

from collector.config import CameraPlace
from collector.services.estate.fields import KIND_NAMES
from collector.store.estate import Asset

MOST: Final = 240
"""On one page: ten sheets of 24."""
Cameras = Mapping[tuple[str, str], CameraPlace]


@dataclass(frozen=True, slots=True)
class Label:
    """One label; `code` is SVG of ours."""

    tag: str
    title: str
    kind: str
    code: Markup


def address_of(base: str, asset_id: str) -> str:
    """What the code says: nothing of the asset but a random name."""
    return f"{base.rstrip('/')}/a/{asset_id}"


def labels(assets: Iterable[Asset], base: str, cameras: Cameras) -> list[Label]:
    """Labels of error correction Q: a quarter of a code may be scratched or dirty.

    `cameras`: the configured ones, whose titles stand there.
    """
    return [
        Label(
            one.tag,
            one.title or next(iter(_told(one, cameras)), ""),
            KIND_NAMES[one.kind],  # type: ignore[index]  # the database holds kinds only
            Markup(_code(address_of(base, one.asset_id))),
        )
        for one in assets
    ]


def wanted(
    assets: Iterable[Asset], words: str, kind: str, department: str, cameras: Cameras
) -> list[Asset]:
    """Those that say each word somewhere, as the list finds them; retired ones need no label."""
    parts = words.casefold().split()

    def says(one: Asset) -> bool:
        texts = (
            one.tag, one.title, one.parent, one.device, one.camera, one.maker, one.model,
            one.serial, one.purpose, one.department, one.address, *_told(one, cameras),
        )  # fmt: skip
        text = " ".join(filter(None, texts)).casefold()
        return all(part in text for part in parts)

    return [
        one
        for one in assets
        if one.retired is None
        and kind in ("", one.kind)
        and department in ("", one.department)
        and says(one)
    ]


def _told(one: Asset, cameras: Cameras) -> tuple[str, ...]:
    """What the configuration says of a camera: its title, and its address where it has one."""
    place = cameras.get((one.device or "", one.camera or ""))
    return () if place is None else (place.title, place.address or "")


def _code(address: str) -> str:
    told = io.BytesIO()
    segno.make(address, error="q", micro=False).save(
        told, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, nl=False
    )
    return told.getvalue().decode()
