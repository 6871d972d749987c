"""What the store knows of boxes and cameras at one moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from collector.services.estate.condition import Release, World
from collector.store import boards
from collector.store.reader import Reader
from wire.clock import Clock

_TAMPERED = (
    "SELECT DISTINCT device, camera, detail FROM incident"
    " WHERE type = 'tamper' AND ended_at IS NULL AND drill = 0 AND detail IS NOT NULL"
    " AND state NOT IN ('rejected', 'closed')"
)


class WorldView:
    """Looks at the store when it is asked."""

    def __init__(
        self,
        reader: Reader,
        certificate_ends: Callable[[], Mapping[str, datetime]],
        zone: ZoneInfo,
        clock: Clock,
        release: Release,
        boards: Collection[str],
    ) -> None:
        """`boards`: names of boards.yaml."""
        self._reader = reader
        self._certificate_ends = certificate_ends
        self._zone = zone
        self._clock = clock
        self._release = release
        self._boards = boards

    def now(self) -> World:
        tampered: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for row in self._reader.look(lambda run: run.execute(_TAMPERED).fetchall()):
            tampered[row["device"], row["camera"]].add(row["detail"])
        moment = self._clock.now()
        return World(
            cameras={(one.device, one.camera): one for one in self._reader.cameras()},
            devices={one.device: one for one in self._reader.devices()},
            tampered={place: frozenset(signs) for place, signs in tampered.items()},
            ends=self._certificate_ends(),
            now=moment,
            today=moment.astimezone(self._zone).date(),
            release=self._release,
            boards=self._reader.look(
                lambda run: {one: boards.state(run, one) for one in self._boards}
            ),
        )
