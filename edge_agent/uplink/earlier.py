"""Stills of the last minutes in memory: how a place was before something was dumped there.

They leave the box only with a finding that they belong to.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from edge_agent.scene import Finding, Frame
from edge_agent.uplink.still import Still, encode, shrink
from wire.camera_rules import CameraRules
from wire.event import Shows

EVERY_S: Final = 2.0
"""Between two pictures that are kept; each is some 40 KB."""

BEFORE_S: Final = 5.0
"""How long before the thing showed the earlier scene is: who carries it hides it as he comes."""

LINGER_S: Final = 120.0
"""How long whoever left it may have stayed beside it, on top of the rule's own seconds."""

MOST_S: Final = 600.0
"""No picture is kept for longer; of a rule that waits longer there is none of before."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A picture from before the alarm."""

    shows: Shows
    media_s: float
    still: Still


class EarlierPictures:
    """Of one camera; nothing is kept while none of its rules is for dumping."""

    def __init__(self, rules: CameraRules, max_bytes: int, longest_edge: int) -> None:
        """`max_bytes` and `longest_edge`, in pixels, bound each still."""
        self._max_bytes = max_bytes
        self._longest_edge = longest_edge
        self._kept: deque[tuple[float, Still]] = deque()
        self.watch_for(rules)

    def watch_for(self, rules: CameraRules) -> None:
        """Other rules count from now on."""
        waits = [one.lasting_s for one in rules.rules if one.type == "dumping"]
        self._keep_s = min(MOST_S, max(waits) + LINGER_S) if waits else 0.0

    def note(self, frame: Frame) -> None:
        """A frame was looked at; one is kept every EVERY_S."""
        now, kept = frame.media_s, self._kept
        if kept and now < kept[-1][0]:
            kept.clear()
        while kept and now - kept[0][0] > self._keep_s:
            kept.popleft()
        if self._keep_s and (not kept or now - kept[-1][0] >= EVERY_S):
            small = shrink(frame.image, self._longest_edge)
            kept.append((now, encode(small, self._max_bytes)))

    def of(self, finding: Finding) -> tuple[Earlier, ...]:
        """The scene before, and, where somebody was seen to leave it, the moment he did.

        Empty for other types than dumping; what was not kept is left out.
        """
        if finding.type != "dumping":
            return ()
        since = finding.start_s
        before = [one for one in self._kept if one[0] <= since - BEFORE_S][-1:]
        at_it = sorted(self._kept, key=lambda one: abs(one[0] - since))[:1]
        left = [one for one in at_it if finding.tracks and abs(one[0] - since) <= EVERY_S]
        return (
            *(Earlier("before", *one) for one in before),
            *(Earlier("left", *one) for one in left),
        )
