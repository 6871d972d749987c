"""Which of a camera's packets are worth decoding, decided from the packets alone. Pure.

While something is to be seen the gate is open and everything is decoded. When analysis has seen
nothing for a while it shuts: packets are held back to their last keyframe, and only a keyframe now
and then is looked at. It opens again when the sizes of the frames change, when a look shows
something, and every so often where a rule watches for what grows slowly; what was held is decoded
then, from its keyframe on, so that nothing that began meanwhile is lost.

It stays open for a camera that it cannot judge: see `reason`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from edge_agent.camera.glance import Place
from edge_agent.camera.patience import Patience
from edge_agent.camera.sizes import Sizes

Want = Literal["all", "look", "hold"]
"""`all`: decode, with what is held; `look`: decode this keyframe alone, by itself; `hold`: keep."""

Reason = Literal[
    "starting", "seen", "sizes", "look", "change", "patrol", "untold", "sparse", "intra", "idle"
]
"""Why it is open; `idle`: it is not. `look`: analysis saw something in one; `change`: one differs
from that before it, whatever it shows. `untold`: sizes tell nothing of this camera's picture;
`sparse`: its keyframes are too far apart for looks; `intra`: every packet is a keyframe, so that
each can be decoded when its turn comes."""

LEARN_S: Final = 8.0
"""Of quiet pictures before it shuts for the first time."""

ALARMED_S: Final = 3.0
"""How long it stays open for a change of sizes in which nothing is seen."""

FRESH_S: Final = 2.0
"""Analysis that is further behind says nothing about now."""

LOOK_S: Final = (0.9, 3.6)
"""Between two looks, at least and at most: ..."""

LOOK_BYTES_S: Final = 40_000
"""... so that their keyframes have this many bytes a second, of which decoding them is made. In a
large picture a look is dear and shows more than one in a small picture."""

SPARSE_S: Final = 8.0
"""Keyframes further apart are too few."""

INTRA: Final = 12
"""Keyframes in a row after which every packet is taken for one."""

SURPRISES: Final = 3
"""Looks in SURPRISED_S that showed what sizes had not told, until they are not believed ..."""

SURPRISED_S: Final = 600.0
"""... for so long."""

FORGIVEN_S: Final = 600.0
"""After this time one opening for nothing is forgiven."""

_FOR_NOTHING: Final = ("sizes", "change", "patrol")
"""Reasons that stand until something is seen."""

_WAITING: Final = 600


@dataclass(frozen=True, slots=True)
class GateSettings:
    """How a camera's rules want it watched."""

    linger_s: float = 5.0
    """How long it stays open after the last that was seen."""
    patrol_every_s: float = math.inf
    """When idle, it opens for PATROL_S so often: for what grows too slowly for sizes and looks."""
    patrol_s: float = 3.0


class PacketGate:
    """Of one stream. Times are media seconds in decoding order."""

    def __init__(self, settings: GateSettings | None = None) -> None:
        self._settings = settings or GateSettings()
        self.sizes = Sizes()
        self.reason: Reason = "starting"
        self.wakes = 0
        """How often it opened."""
        self._since_s = math.nan
        """When it opened, or shut."""
        self._seen_s = -math.inf
        self._stay_s = -math.inf
        """Until when it stays open though nothing be seen."""
        self._judged_s = -math.inf
        self._waiting: deque[tuple[float, int, int]] = deque(maxlen=_WAITING)
        """Time, place in the GOP and size of the frames whose picture nothing was said of yet."""
        self._place = 0
        self._keys_in_row = 0
        self._key_s = math.nan
        self._gop_s = 0.0
        self._looked_s = -math.inf
        self._look_every_s = LOOK_S[0]
        self._surprises: deque[float] = deque(maxlen=SURPRISES)
        self._forgiven_s = -math.inf
        self._patience = Patience()

    def watch_for(self, settings: GateSettings) -> None:
        """The camera's rules are others from now on."""
        self._settings = settings

    @property
    def open(self) -> bool:
        return self.reason != "idle"

    @property
    def intra(self) -> bool:
        """Whether every packet can be decoded by itself."""
        return self._keys_in_row >= INTRA

    def begin_anew(self) -> None:
        """The stream is another one, or packets of it were lost."""
        self.reason, self.sizes, self._patience = "starting", Sizes(), Patience()
        self._since_s = self._key_s = math.nan
        self._gop_s = 0.0
        self._keys_in_row = 0
        self._waiting.clear()

    def take(self, now_s: float, size: int, *, keyframe: bool) -> Want:
        """The next packet came."""
        if math.isnan(self._since_s) or now_s < self._since_s:
            self._since_s = now_s
        changed = self._note(now_s, size, keyframe=keyframe)
        if not keyframe and now_s - self._key_s > SPARSE_S:
            self._gop_s = now_s - self._key_s
        if self.open:
            if changed:
                self._stay_s = max(self._stay_s, now_s + ALARMED_S)
                self.sizes.calm()
            if keyframe and self._may_shut(now_s):
                self._shut(now_s)
                return self._look(now_s, size)
            return "all"
        if changed:
            return self._wake(now_s, "sizes", ALARMED_S)
        if self._gop_s > SPARSE_S:
            return self._wake(now_s, "sparse", 0.0)
        if not keyframe:
            return "hold"
        if now_s - self._since_s >= self._settings.patrol_every_s:
            return self._wake(now_s, "patrol", self._settings.patrol_s)
        if now_s - self._looked_s >= self._look_every_s:
            return self._look(now_s, size)
        return "hold"

    def changed(self, now_s: float, places: Iterable[Place]) -> None:
        """The keyframe just looked at differs from the one before it in these places.

        It opens for that; where trees sway, ever more rarely.
        """
        if not self.open and self._patience.heeds(places, now_s):
            self._wake(now_s, "change", ALARMED_S)

    def judged(self, media_s: float, *, busy: bool) -> None:
        """Analysis has seen the picture of `media_s`; `busy`: there is something to be watched."""
        self._judged_s = max(self._judged_s, media_s)
        if busy:
            self._seen_s = max(self._seen_s, media_s)
            self._said_of(media_s)
            if not self.open:
                self._surprises.append(media_s)
                self._wake(media_s, "look", 0.0)
            elif self.reason == "sizes":
                self.sizes.restless = max(0, self.sizes.restless - 1)
            elif self.reason == "change":
                self._patience.was_something()
            self.reason = "seen" if self.reason in _FOR_NOTHING else self.reason
        elif media_s - self._seen_s >= ALARMED_S:
            for place, size in self._said_of(media_s):
                self.sizes.learn(place, size)

    def _said_of(self, media_s: float) -> list[tuple[int, int]]:
        """Place and size of the frames up to `media_s` that waited for a word about them."""
        said = []
        while self._waiting and self._waiting[0][0] <= media_s:
            said.append(self._waiting.popleft()[1:])
        return said

    def _note(self, now_s: float, size: int, *, keyframe: bool) -> bool:
        """Whether this packet's size, with those before it, tells of a change."""
        if keyframe:
            self._keys_in_row += 1
            self._place = 0
            self._gop_s = now_s - self._key_s
            self._key_s = now_s
            self.sizes.keyframe(size)
            return False
        self._keys_in_row = 0
        self._place += 1
        self._waiting.append((now_s, self._place, size))
        return self.sizes.predicted(self._place, size)

    def _may_shut(self, now_s: float) -> bool:
        if self.intra:
            self.reason = "intra"
            return False
        if self._gop_s > SPARSE_S:
            self.reason = "sparse"
            return False
        seen_lately = now_s - self._seen_s < self._settings.linger_s
        if seen_lately or now_s < self._stay_s or now_s - self._judged_s > FRESH_S:
            return False
        if self.reason == "starting" and now_s - self._since_s < LEARN_S:
            return False
        if self.sizes.restless and now_s - self._forgiven_s > FORGIVEN_S:
            self.sizes.restless -= 1
            self._forgiven_s = now_s
        if not self.sizes.tell or self._surprised(now_s):
            self.reason = "untold" if self.sizes.known else self.reason
            return False
        return True

    def _surprised(self, now_s: float) -> bool:
        few = len(self._surprises) < SURPRISES
        return not few and now_s - self._surprises[0] < SURPRISED_S

    def _shut(self, now_s: float) -> None:
        if self.reason == "sizes":
            # It opened, and nothing was there.
            self.sizes.restless += 1
            self._forgiven_s = now_s
        elif self.reason == "change":
            self._patience.was_nothing(now_s)
        self.sizes.calm()
        self.reason = "idle"
        self._since_s = now_s

    def _look(self, now_s: float, size: int) -> Want:
        self._looked_s = now_s
        self._look_every_s = min(max(LOOK_S[0], size / LOOK_BYTES_S), LOOK_S[1])
        return "look"

    def _wake(self, now_s: float, reason: Reason, stay_s: float) -> Want:
        self.reason = reason
        self.wakes += 1
        self._since_s = now_s
        self._stay_s = max(self._stay_s, now_s + stay_s)
        self.sizes.calm()
        return "all"
