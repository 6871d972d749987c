"""What each condition's newest run found, kept by itself: conditions can be measured one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from polewatch.bench.gate_watches import Events
from polewatch.performance.result import FOLDER, Machine, this_machine

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
    path = root / EVENTS / f"{found.condition}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = KeptEvents(
        events=found,
        date=datetime.now(UTC).replace(microsecond=0),
        commit=commit,
        machine=this_machine(),
    )
    path.write_text(kept.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def kept_events(root: Path) -> tuple[KeptEvents, ...]:
    """Every kept condition, by name. Raises ValueError naming a bad file."""
    found = []
    for path in sorted((root / EVENTS).glob("*.json")):
        try:
            found.append(KeptEvents.model_validate_json(path.read_bytes()))
        except ValueError as error:
            raise ValueError(f"{path}: not the events of a condition ({error})") from error
    return tuple(found)
