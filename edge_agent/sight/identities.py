"""Who is who after people hid each other: tracks keep to a person by what the person looks like.

Boxes alone cannot tell which of two people comes out of a crowd on which side. So what everybody
looks like is learned while nobody is in the way, and remembered while people are mixed up; when
they stand free again, they are named for the least total unlikeness, as merge-and-split trackers
do (Gabriel et al. 2003, "The state of the art in multiple object tracking under occlusion in video
sequences"). Only whoever may have been exchanged is asked, and motion is believed unless the looks
clearly speak against it. Pure and deterministic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Box, Image, Track
from edge_agent.sight.appearance import Look, blended, look, unlike
from edge_agent.sight.association import cheapest_pairs, connected, shares_inside

MOST_LOOKS: Final = 12
"""Looks taken of one picture: keeps its time bounded."""

MOST_MIXED: Final = 16
"""Names that one track may stand for; of larger crowds motion alone is believed."""

_PERSON: Final = "person"
_RIM: Final = 0.005
"""Fractions of the picture within which a box touches its side."""

_NEVER: Final = 9.0
"""An unlikeness that no two looks have."""


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """When people may have been exchanged, and when their looks are believed."""

    mixed: float = 0.3
    """People may be exchanged when this share of one's box lies in the other's."""
    clear: float = 0.1
    """Somebody stands free when no more than this share of the box is in another's."""
    every_s: float = 0.18
    """The least time between two looks at somebody who may have been exchanged ..."""
    learn_every_s: float = 0.38
    """... and at anybody else."""
    learn: float = 0.1
    """The share of a new look in what is remembered."""
    enough: int = 2
    """Looks that it takes to know somebody, and to judge who somebody is."""
    remember_s: float = 4.0
    """How long after people were mixed, or lost, they are asked who they are."""
    near: float = 1.0
    """How far, in heights, from where somebody was lost a new track may be the same person ..."""
    walks: float = 0.8
    """... and how much further for each second since."""
    stranger: float = 0.3
    """The unlikeness at which somebody new is as likely as somebody known."""
    alike: float = 0.25
    """Nobody takes the name of somebody who looks less like it than that."""
    surer: float = 0.05
    """How much more alike, for each of them, people must be to be exchanged ..."""
    surer_alone: float = 0.1
    """... and where only one of them can be seen."""


@dataclass(slots=True)
class _Person:
    """What is remembered under one name."""

    first_s: float
    look: Look | None = None
    looks: int = 0


@dataclass(slots=True)
class _Body:
    """One track of the tracker."""

    name: int
    maybe: frozenset[int]
    """Names of everybody whom it may follow by now, its own among them."""
    box: Box
    """Where it was last seen, and when."""
    seen_s: float
    mixed_s: float = -math.inf
    """When it was last mixed up with somebody."""
    looked_s: float = -math.inf
    evidence: Look | None = None
    """The mean of what was seen since it stands free."""
    looks: int = 0


@dataclass(slots=True)
class _Plan:
    """Names to be exchanged: each body of `takers` takes the name of the next."""

    takers: list[int] = field(default_factory=list)
    left_over: int | None = None
    """Who is not seen well enough to be judged, and gets the name that the first taker drops."""
    closed: bool = False
    """Whether the last one takes the name of the first."""


class Identities:
    """The names of one camera's people. Names are ids of the tracker, exchanged where need be."""

    def __init__(self, settings: IdentitySettings | None = None) -> None:
        self._settings = settings or IdentitySettings()
        self._people: dict[int, _Person] = {}
        self._bodies: dict[int, _Body] = {}
        self._lost: dict[int, _Body] = {}
        """Those whose track has ended, by name."""
        self._now = -math.inf
        self._aspect = 1.0

    def update(self, tracks: Sequence[Track], image: Image, media_s: float) -> tuple[Track, ...]:
        """The same tracks under the names of the people whom they follow now.

        `image` is the picture `(H, W, 3)` uint8 BGR at `media_s` seconds that `tracks` are of.
        """
        if media_s < self._now:
            self._people, self._bodies, self._lost = {}, {}, {}
        self._now = media_s
        self._aspect = image.shape[1] / max(image.shape[0], 1)
        people = [track for track in tracks if track.label == _PERSON]
        self._forget({track.id for track in people})
        fresh = [track for track in people if track.id not in self._bodies]
        for track in people:
            self._note(track)
        covered = self._mix(people)
        for track in fresh:
            self._ask_after_lost(track)
        self._take_looks(people, covered, image)
        self._decide()
        return tuple(self._named(track) for track in tracks)

    def _forget(self, living: set[int]) -> None:
        remember_s = self._settings.remember_s
        for key in [key for key in self._bodies if key not in living]:
            body = self._bodies.pop(key)
            self._lost[body.name] = body
        for name in [n for n, b in self._lost.items() if self._now - b.seen_s > remember_s]:
            del self._lost[name]
        names = {body.name for body in self._bodies.values()} | self._lost.keys()
        self._people = {name: self._people[name] for name in self._people if name in names}
        for body in self._bodies.values():
            if self._now - body.mixed_s > remember_s:
                body.maybe = frozenset({body.name})
            else:
                body.maybe = (body.maybe & names) | {body.name}

    def _note(self, track: Track) -> None:
        body = self._bodies.get(track.id)
        if body is None:
            self._people[track.id] = _Person(track.first_s)
            own = frozenset({track.id})
            body = self._bodies[track.id] = _Body(track.id, own, track.box, self._now)
        if track.seen:
            body.box, body.seen_s = track.box, self._now
        else:
            body.evidence, body.looks = None, 0

    def _mix(self, people: Sequence[Track]) -> list[float]:
        """Note who may be exchanged with whom; how much of each box another one covers."""
        if len(people) < 2:
            return [0.0] * len(people)
        boxes = np.array([(t.box.x, t.box.y, t.box.right, t.box.bottom) for t in people])
        inside = shares_inside(boxes, boxes)
        np.fill_diagonal(inside, 0.0)
        seen = np.array([track.seen for track in people])
        covered = np.where(seen[None, :], inside, 0.0)
        close = inside >= self._settings.mixed
        if close.any():
            # Who is not seen may be anywhere, but is in nobody's way.
            hides = ((close | close.T) & seen[None, :]).any(axis=1)
            for crowd in connected(close | close.T):
                if len(crowd) > 1:
                    self._mix_up([(self._bodies[people[m].id], bool(hides[m])) for m in crowd])
        return [float(share) for share in covered.max(axis=1)]

    def _mix_up(self, crowd: Sequence[tuple[_Body, bool]]) -> None:
        """Each of the `crowd` may be any other of it from now on, if that can be told later."""
        names = frozenset(name for body, _ in crowd for name in body.maybe)
        for body, in_the_way in crowd:
            if in_the_way:
                body.evidence, body.looks = None, 0
            if len(names) <= MOST_MIXED:
                body.maybe, body.mixed_s = names, self._now

    def _ask_after_lost(self, track: Track) -> None:
        """Somebody new may be one of those who are not seen, near where they were lost."""
        body = self._bodies[track.id]
        if self._came_in(track):
            return
        unseen = [other for other in self._bodies.values() if other.seen_s < self._now]
        for other in [*unseen, *self._lost.values()]:
            if _apart(other.box, track.box, self._aspect) <= self._reach(other) and not _at_the_rim(
                other.box
            ):
                self._mix_up([(body, True), (replace(other), False)])

    def _came_in(self, track: Track) -> bool:
        """Whether the track may have begun at a side of the picture, as those who come in do."""
        box = track.box
        margin = min(box.x, 1 - box.right) - self._settings.walks * box.h * (
            self._now - track.first_s
        )
        return margin <= _RIM

    def _reach(self, lost: _Body) -> float:
        return self._settings.near + self._settings.walks * (self._now - lost.seen_s)

    def _take_looks(self, people: Sequence[Track], covered: Sequence[float], image: Image) -> None:
        free = [
            (track, body)
            for track, share in zip(people, covered, strict=True)
            if track.seen
            and share <= self._settings.clear
            and self._due(body := self._bodies[track.id])
        ]
        if len(free) > MOST_LOOKS:
            free.sort(key=lambda pair: (len(pair[1].maybe) == 1, pair[1].looked_s))
        for track, body in free[:MOST_LOOKS]:
            body.looked_s = self._now
            seen = look(image, track.box)
            if seen is None:
                continue
            if len(body.maybe) > 1:
                body.looks += 1
                known = body.evidence
                body.evidence = seen if known is None else blended(known, seen, 1 / body.looks)
            else:
                self._learn(self._people[body.name], seen)

    def _due(self, body: _Body) -> bool:
        settings = self._settings
        pause = settings.every_s if len(body.maybe) > 1 else settings.learn_every_s
        return self._now - body.looked_s >= pause

    def _learn(self, person: _Person, seen: Look) -> None:
        person.looks += 1
        share = max(1 / person.looks, self._settings.learn)
        person.look = seen if person.look is None else blended(person.look, seen, share)

    def _decide(self) -> None:
        """Exchange names where the looks clearly ask for it."""
        judged = [
            key
            for key, body in self._bodies.items()
            if body.looks >= self._settings.enough and len(body.maybe) > 1
        ]
        if not judged:
            return
        names = sorted({name for key in judged for name in self._bodies[key].maybe})
        costs = self._costs(judged, names)
        best = {judged[row]: names[column] for row, column in cheapest_pairs(costs)}
        costs_by_key = {
            key: dict(zip(names, row, strict=True))
            for key, row in zip(judged, costs.tolist(), strict=True)
        }
        for plan in self._plans(best):
            self._carry_out(plan, best, costs_by_key)

    def _costs(self, judged: Sequence[int], names: Sequence[int]) -> NDArray[np.float64]:
        """How unlike each of the `judged` is to whom each name stands for."""
        costs = np.full((len(judged), len(names)), _NEVER)
        column_of = {name: column for column, name in enumerate(names)}
        for row, key in enumerate(judged):
            body = self._bodies[key]
            for name in body.maybe:
                person = self._people[name]
                if person.look is not None and person.looks >= self._settings.enough:
                    if body.evidence is not None:
                        costs[row, column_of[name]] = unlike(body.evidence, person.look)
                elif name == body.name:
                    costs[row, column_of[name]] = self._settings.stranger
        return costs

    def _plans(self, best: Mapping[int, int]) -> list[_Plan]:
        """The exchanges that `best` amounts to, each apart from the others."""
        holder = {body.name: key for key, body in self._bodies.items()}
        changed = {key: name for key, name in best.items() if self._bodies[key].name != name}
        taken = set(changed.values())
        starts = [key for key in changed if self._bodies[key].name not in taken]
        plans = []
        for start in [*starts, *changed]:
            if start not in changed:
                continue
            plan, key = _Plan(), start
            while key in changed:
                plan.takers.append(key)
                following = holder.get(changed.pop(key))
                if following is None:
                    break
                key = following
            else:
                plan.closed = key == start
                plan.left_over = None if plan.closed else key
            plans.append(plan)
        return plans

    def _carry_out(
        self, plan: _Plan, best: Mapping[int, int], costs: Mapping[int, Mapping[int, float]]
    ) -> None:
        was = {key: self._bodies[key].name for key in plan.takers}
        alone = len(plan.takers) == 1
        least = self._settings.surer_alone if alone else self._settings.surer
        for key in plan.takers:
            now, then = costs[key][best[key]], costs[key][was[key]]
            if now > self._settings.alike or then - now < least:
                return
        for key in plan.takers:
            self._bodies[key].name = best[key]
            self._lost.pop(best[key], None)
        dropped = was[plan.takers[0]]
        if plan.left_over is not None:
            self._bodies[plan.left_over].name = dropped
        elif not plan.closed:
            # Whoever was followed under it before may be somebody else in the picture, or hidden.
            self._lost[dropped] = replace(self._bodies[plan.takers[0]], name=dropped)

    def _named(self, track: Track) -> Track:
        body = self._bodies.get(track.id)
        if body is None:
            return track
        return replace(track, id=body.name, first_s=self._people[body.name].first_s)


def _at_the_rim(box: Box) -> bool:
    """Whether the box touches the left or right of the picture: who is lost there walked out."""
    return box.x <= _RIM or box.right >= 1 - _RIM


def _apart(a: Box, b: Box, aspect: float) -> float:
    """How far the feet in two boxes are apart, in heights of the taller."""
    (ax, ay), (bx, by) = a.foot, b.foot
    return math.hypot(aspect * (ax - bx), ay - by) / max(a.h, b.h, 1e-9)
