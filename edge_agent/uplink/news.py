"""What of a pole's figures is not to wait for their next report. Pure."""

from __future__ import annotations

from wire.health import Health


def states(health: Health) -> tuple[object, ...]:
    """What is told at once when it differs from what was told last: states, no quantities."""
    cameras = tuple((one.camera, one.state, one.code, one.rules) for one in health.cameras)
    facilities = tuple((one.facility, one.mode, one.wanted, one.by) for one in health.facilities)
    lists = tuple((one.list_id, one.version, one.expires_at) for one in health.watchlists)
    return health.quality, cameras, facilities, lists, health.faults
