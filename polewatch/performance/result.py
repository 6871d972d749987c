"""What a benchmark leaves behind for the page: one JSON file a run, committed."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from polewatch.accuracy.measurement import commit_of

FOLDER: Final = Path("docs/reference/performance")
"""Below the root of the checkout."""

Part = Literal["pole", "centre"]
ResultName = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]


Kept = TypeVar("Kept", bound=BaseModel)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Peer(_Record):
    """What a figure stands beside: measured in the same run, in the same unit."""

    name: str
    value: float


class Figure(_Record):
    """One number with what it rests on."""

    label: str
    value: float | None = Field(description="None where it could not be measured; `basis` says why")
    unit: str = ""
    peer: Peer | None = None
    goal: float | None = Field(None, description="What the product wants to reach.")
    at_least: bool = Field(False, description="Greater is better; else smaller is.")
    basis: str = Field("", description="What the number was made of.")

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        if self.value is None:
            return False
        return self.value >= self.goal if self.at_least else self.value <= self.goal


class Machine(_Record):
    """Where it was measured."""

    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str


class Result(_Record):
    """One run of one benchmark."""

    name: ResultName
    part: Part
    title: str
    command: str = Field(description="What to type to measure it again.")
    condition: str = Field(description="What ran, on what input, beside what.")
    date: datetime
    machine: Machine
    commit: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


def this_machine() -> Machine:
    """The machine that this process runs on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(pages / 1e9, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
    )


def result(
    name: str,
    part: Part,
    title: str,
    *,
    command: str,
    condition: str,
    figures: tuple[Figure, ...],
    notes: tuple[str, ...] = (),
    commit: str | None = None,
) -> Result:
    """What was just measured, here and now, by `commit`, else the one in the working folder."""
    return Result(
        name=name,
        part=part,
        title=title,
        command=command,
        condition=condition,
        date=datetime.now(UTC).replace(microsecond=0),
        machine=this_machine(),
        commit=commit_of(Path.cwd()) if commit is None else commit,
        figures=figures,
        notes=notes,
    )


def keep(found: Result, root: Path) -> Path:
    """Write the result below the checkout's `root`, over an older one; returns the file."""
    return write(found, root / FOLDER / f"{found.name}.json")


def write(found: BaseModel, path: Path) -> Path:
    """Write what is kept, in a folder that is made if need be; returns the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def read_all(root: Path) -> tuple[Result, ...]:
    """Every kept result, the pole's first, then by name. Raises ValueError naming a bad file."""
    found = read(root / FOLDER, Result, "no result of a benchmark")
    return tuple(sorted(found, key=lambda one: (one.part != "pole", one.name)))


def read(folder: Path, model: type[Kept], else_it_is: str) -> tuple[Kept, ...]:
    """Every JSON file of a folder, by name. Raises ValueError naming a bad file and what it is."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(model.model_validate_json(path.read_bytes()))
        except ValueError as error:
            raise ValueError(f"{path}: {else_it_is} ({error})") from error
    return tuple(found)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
