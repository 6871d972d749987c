"""What can be wrong with an asset, and the state that it makes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from wire.health import RunningModel

Fault = Literal[
    "offline",
    "no_picture",
    "tampered",
    "silent",
    "stuck",
    "differs",
    "dirty_lens",
    "degraded",
    "disk",
    "wrong_time",
    "refused",
    "misfit",
    "certificate",
    "model",
    "outdated",
]
"""The worst first."""
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)
State = Literal["well", "ill", "bad", "unknown", "unwatched", "retired"]
STATES: Final[tuple[State, ...]] = get_args(State)
BAD: Final = frozenset({"offline", "no_picture", "tampered", "silent", "stuck", "differs"})
"""With these an asset does not do its work; with the others it does, worse."""


@dataclass(frozen=True, slots=True)
class OldModel:
    """A network that a box runs and should not; `wanted`: how the hash of the right file begins."""

    runs: RunningModel
    wanted: str | None
    """None: there is no longer one of that name."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One asset's state; `faults` the worst first, `code` of wire.codes where the pole told one."""

    state: State
    faults: tuple[Fault, ...] = ()
    code: str | None = None
    models: tuple[OldModel, ...] = ()


def told(
    faults: Iterable[Fault], code: str | None = None, models: tuple[OldModel, ...] = ()
) -> Condition:
    """The state of what tells of itself."""
    ordered = tuple(sorted(set(faults), key=FAULTS.index))
    state: State = "bad" if BAD & set(ordered) else "ill" if ordered else "well"
    return Condition(state, ordered, code if ordered else None, models)
