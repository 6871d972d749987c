"""How much of a path a file gets: what the picture leaves, and nothing while pictures wait."""

from __future__ import annotations

import pytest

from edge_agent.clips.exports.beside import BACKLOG_S, LEAST_SHARE, MOST_BPS, room_bps


@pytest.mark.parametrize(
    ("rate", "picture", "backlog_s", "room"),
    [
        (12e6, 4e6, 0.0, 0.9 * 12e6 - 4e6),
        (12e6, 0.0, 0.0, 0.9 * 12e6),
        (4e6, 4e6, 0.0, LEAST_SHARE * 4e6),
        (1e6, 4e6, 0.0, LEAST_SHARE * 1e6),
        (60e6, 4e6, 0.0, MOST_BPS),
        (12e6, 4e6, BACKLOG_S + 0.01, 0.0),
    ],
)
def test_the_picture_goes_first(rate: float, picture: float, backlog_s: float, room: float) -> None:
    assert room_bps(rate, picture, backlog_s) == pytest.approx(room)
