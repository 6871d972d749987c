"""The wall of an alert: its cameras in their order, in pages of so many tiles. Pure."""

from __future__ import annotations

from collector.services.case import Case
from collector.services.disaster.record import Wall

TILES = 9
"""Three by three: as many small streams as one operator follows."""


def page_of(case: Case, page: int, tiles: int) -> Wall:
    """Page 1, 2, …; one that lies behind the last is the last."""
    cameras = case.cameras
    pages = max(1, -(-len(cameras) // tiles))
    at = min(page, pages)
    return Wall(
        case=case.model_copy(update={"cameras": ()}),
        page=at,
        pages=pages,
        tiles=tiles,
        cameras_in_all=len(cameras),
        cameras=tuple(cameras[(at - 1) * tiles : at * tiles]),
    )
