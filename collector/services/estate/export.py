"""The registry as a table that can be changed and taken back. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from collector.services.estate.fields import FIELDS, KIND, KIND_NAMES, TAG
from collector.store.estate import Asset
from wire.sheet_out import Cell

HEADINGS: Final = (TAG[1], KIND[1], *(one.heading for one in FIELDS))
TITLE: Final = "CCTV 자산대장"


def asset_rows(assets: Iterable[Asset]) -> list[list[Cell]]:
    """One row an asset, under HEADINGS."""
    return [
        [
            one.tag,
            KIND_NAMES[one.kind],  # type: ignore[index]  # the database holds kinds only
            *(getattr(one, field.name) for field in FIELDS),
        ]
        for one in assets
    ]
