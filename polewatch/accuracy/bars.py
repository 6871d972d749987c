"""The bars that the product wants to reach, and the floors below which it may not fall back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from polewatch.accuracy.measurement import Figure

FLOORS: Final = Path("tests/accuracy/floors.yaml")
"""Below the root of the checkout."""


class Bar(BaseModel):
    """What is asked of one figure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bar: float | None = Field(None, description="What the product wants to reach.")
    floor: float | None = Field(None, description="Measured; worse than this is a regression.")
    at_most: bool = Field(False, description="Smaller is better.")
    of: str = Field("value", pattern="^(value|high)$", description="What is compared.")

    def met(self, figure: Figure) -> bool | None:
        """Whether the figure reaches the bar; None without a bar."""
        return None if self.bar is None else self._reaches(figure, self.bar)

    def holds(self, figure: Figure) -> bool:
        """Whether the figure is no worse than the floor."""
        return self.floor is None or self._reaches(figure, self.floor)

    def _reaches(self, figure: Figure, limit: float) -> bool:
        value = figure.high if self.of == "high" else figure.value
        if value is None:
            return False
        return value <= limit if self.at_most else value >= limit


def read_bars(path: Path) -> dict[str, Bar]:
    """The bars by figure id. Raises ValueError naming the file when it cannot be understood."""
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TypeAdapter(dict[str, Bar]).validate_python(document)
    except (yaml.YAMLError, ValidationError) as error:
        raise ValueError(f"{path}: {error}") from error


def regressions(bars: Mapping[str, Bar], figures: Iterable[Figure]) -> list[str]:
    """A sentence for every figure that fell below its floor."""
    fallen = []
    for figure in figures:
        bar = bars.get(figure.id)
        if bar is not None and not bar.holds(figure):
            side = "above" if bar.at_most else "below"
            fallen.append(
                f"{figure.id}: {figure.value:.3f} ({figure.basis}) is {side} its floor {bar.floor}"
            )
    return fallen
