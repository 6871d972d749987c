"""What happened, step by step in seconds: printed as it goes, kept for programs and for people."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

Value = TypeVar("Value")


@dataclass
class Story:
    """One run; `name` is that of its files."""

    folder: Path
    name: str
    steps: list[tuple[str, float]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def timed(self, what: str, do: Callable[[], Value]) -> Value:
        """Do it and note how long it took."""
        began = time.monotonic()
        print(f"{what} …", flush=True)
        result = do()
        self.note(what, time.monotonic() - began)
        return result

    def note(self, what: str, seconds: float) -> None:
        self.steps.append((what, round(seconds, 1)))
        print(f"  {what}: {seconds:.1f} s", flush=True)
        self.write()

    def write(self) -> None:
        """NAME.json and NAME.md, as far as it has come."""
        whole = {"steps": [{"step": s, "seconds": t} for s, t in self.steps], **self.facts}
        text = json.dumps(whole, indent=1, ensure_ascii=False)
        (self.folder / f"{self.name}.json").write_text(text + "\n")
        rows = "\n".join(f"| {step} | {seconds} |" for step, seconds in self.steps)
        facts = "\n".join(f"* {name}: {value}" for name, value in self.facts.items())
        page = f"| step | seconds |\n|---|---|\n{rows}\n\n{facts}\n"
        (self.folder / f"{self.name}.md").write_text(page)
