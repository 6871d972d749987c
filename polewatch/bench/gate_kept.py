"""What each condition's newest run found, kept by itself: conditions can be measured one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from polewatch.bench.gate_watches import Events
from polewatch.performance.result import FOLDER, Machine, read, this_machine, write

EVENTS: Final = FOLDER / "gate-events"
"""One JSON file a condition, below the root of the checkout."""


class KeptEvents(BaseModel):
    """One condition, with when, of what and where it was measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    events: Events
    date: datetime
    commit: str
    machine: Machine

    @property
    def origin(self) -> str:
        """When, of what and where, for one line of the page."""
        on = f"{self.machine.processor}, {self.machine.cores} cores"
        return f"{self.date:%Y-%m-%d %H:%M} UTC, commit {self.commit}, {on}"


def keep_events(found: Events, root: Path, commit: str) -> Path:
    """Keep what `commit` was just measured to do, over an older run of the same condition.

    Returns the file.
    """
    kept = KeptEvents(
        events=found,
        date=datetime.now(UTC).replace(microsecond=0),
        commit=commit,
        machine=this_machine(),
    )
    return write(kept, root / EVENTS / f"{found.condition}.json")


def kept_events(root: Path) -> tuple[KeptEvents, ...]:
    """Every kept condition, by name. Raises ValueError naming a bad file."""
    return read(root / EVENTS, KeptEvents, "not the events of a condition")
