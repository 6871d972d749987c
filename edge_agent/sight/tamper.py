"""Whether a camera still sees what it should: analysed on small grey pictures, one after another.

What stays put in a scene, day and night, are the directions of its edges: light changes how strong
they are, and may turn light into dark, but not where they run. So the camera learns the directions
of its standing edges (as doubled angles, in which light-to-dark and dark-to-light are the same).

* covered: the standing edges are gone nearly everywhere, and hardly any others came;
* turned: they are gone nearly everywhere, and there are others;
* defocused: they are there when looked at coarsely, but have lost their sharpness;
* dark: black, with nothing to be seen in it;
* frozen: not even the noise changes any more, in a camera whose picture was never so still.

What hides a part, however long, is none of these: a lorry, a parked bus, a drop on the glass. A
view without standing edges, an empty road from above, cannot be judged; only darkness and a
frozen picture can be told there. A camera that is covered before it starts is not told either.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Image, TamperSign
from edge_agent.sight.letterbox import shrink
from wire.event import TamperKind

Floats = NDArray[np.float32]

WIDTH: Final = 256

_COARSE: Final = 2.5
"""Pixels of blur under which standing edges are looked for: an inaccurate or shaking picture, and
one out of focus, still show them."""

_LEARN_S: Final = 8.0
"""How long a view is learned before it is judged."""

_FOLLOW_S: Final = 60.0
"""The time in which the learned view follows slow changes, such as dusk and shadows."""

_ACCEPT_S: Final = 600.0
"""After this time without it the old view is given up, and what is seen is learned anew."""

_LEAST_EDGE: Final = 1.0
"""Grey levels a pixel below which there is no edge, or ..."""

_NOISE_FACTOR: Final = 3.0
"""... this many times what changes from picture to picture."""

_STANDING: Final = 0.7
"""How constant an edge's direction must be, 0..1, to be one that stands."""

_LEAST_STANDING: Final = 0.01
"""The share of the picture that standing edges must cover for it to be judged by them."""

_GONE: Final = 0.3
"""Agreement with the learned directions, 0..1, below which the view is gone: chance gives 0.1."""

_BLOCKS: Final = (4, 6)
"""Rows and columns of the parts in which that is looked at."""

_BLOCK_GONE: Final = 0.5
_GONE_EVERYWHERE: Final = 0.85
"""The share of the parts that must have lost their edges: what stands in front hides fewer."""

_LEAST_DETAIL: Final = 2.5
"""Grey levels a pixel from which on a picture that is not blurred is steep: folds are not."""

_BARE: Final = 0.4
"""Detail, in shares of what the view had, below which the picture is bare: covered, not turned."""

_SOFT: Final = 0.5
"""The sharpness, in shares of what the view had, below which it is out of focus."""

_BLACK: Final = 16.0
_BLACK_SPREAD: Final = 24.0
"""The mean, and the level of the brightest hundredth, below which a picture is black."""

_STILL_S: Final = 4.0
"""How long a picture must stand still to be frozen."""

_PROVEN_S: Final = 10.0
"""The age at which a picture's change is learned: an encoder needs seconds to come to rest."""

_SLIGHT: Final = 3
"""Grey levels up to which a pixel may change in a frozen picture: the encoder still refines it."""

_STILL: Final = 0.1
"""The change from picture to picture, in shares of the least that the view had, of a still one."""

_STILL_SHARE: Final = 0.75
"""The share of such pictures: at a key picture the encoder makes small changes of its own."""

_ALIVE: Final = 0.005
"""The share of pixels that must change in the quietest pictures of a view for it to be judged: a
camera that sends no noise is as still as a frozen one whenever nobody passes."""

_REMEMBERED: Final = 600
_GAP_S: Final = 1.0
"""How long a sign may be missing without beginning anew."""


@dataclass(frozen=True, slots=True)
class _View:
    """What one picture shows."""

    directions: Floats
    """`(h, w, 2)`: the doubled angle of each edge as a unit vector; zeros where there is none."""
    detail: float
    """The share of the picture that is steep when not blurred."""
    fine: Floats
    """`(h, w)`: how steep the picture is, not blurred, over how steep it is blurred."""
    mean: float
    brightest: float


class TamperWatch:
    """Watches one camera. Pictures must come in their order; a new size starts afresh."""

    def __init__(self) -> None:
        self._now = -math.inf
        self._size: tuple[int, ...] = ()
        self._start_afresh()

    def update(self, image: Image, media_s: float) -> TamperSign | None:
        """What seems to have been done to the camera, from `image` (`(H, W, 3)` uint8 BGR)."""
        if not math.isfinite(media_s):
            return None
        size = image.shape[:2]
        if media_s <= self._now or size != self._size:
            self._start_afresh()
            self._size = size
        elapsed = min(1.0, media_s - self._now) if math.isfinite(self._now) else 0.2
        self._now = media_s
        changed, still = self._change(image)
        grey = _small(image)
        view = self._look(grey)
        kind, sure = self._judge(view)
        if kind is None and still:
            kind, sure = "frozen", 0.8
        if kind is None:
            self._learn(view, elapsed)
            self._learn_changes(changed)
        else:
            self._waiting.clear()
        return self._sign(kind, sure)

    def _start_afresh(self) -> None:
        self._now = -math.inf
        self._before: NDArray[np.uint8] | None = None
        self._sampled: NDArray[np.uint8] | None = None
        self._recent: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        self._changes: deque[float] = deque(maxlen=_REMEMBERED)
        self._waiting: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        self._noise = 0.0
        self._forget_view()
        self._kind: TamperKind | None = None
        self._since_s = self._last_s = -math.inf

    def _forget_view(self) -> None:
        self._learned_s = 0.0
        self._directions: Floats | None = None
        self._detail = self._sharpness = 0.0

    # --- one picture --------------------------------------------------------------------------

    def _look(self, grey: NDArray[np.uint8]) -> _View:
        before, self._before = self._before, grey
        if before is not None and before.shape == grey.shape:
            differs = cv2.absdiff(grey, before)[::4, ::4]
            self._noise += 0.2 * (float(np.median(differs)) - self._noise)
        exact = grey.astype(np.float32)
        soft = np.asarray(cv2.GaussianBlur(exact, (0, 0), _COARSE), np.float32)
        across, down = _slopes(soft)
        steep = cv2.magnitude(across, down)
        # Blurred over some twenty pixels, noise keeps a tenth of its strength, and less as slope.
        least = max(_LEAST_EDGE, _NOISE_FACTOR * 0.07 * self._noise)
        is_edge = steep > least
        squares = np.where(is_edge, steep * steep, np.inf)
        directions = np.stack(
            [(across * across - down * down) / squares, 2 * across * down / squares], axis=-1
        ).astype(np.float32)
        sharp = cv2.magnitude(*_slopes(exact))
        detailed = sharp > max(_LEAST_DETAIL, _NOISE_FACTOR * 0.4 * self._noise)
        fine = sharp / np.maximum(steep, least)
        return _View(
            directions,
            float(np.count_nonzero(detailed)) / detailed.size,
            np.where(is_edge, fine, np.nan).astype(np.float32),
            float(exact.mean()),
            float(np.percentile(grey[::2, ::2], 99)),
        )

    def _change(self, image: Image) -> tuple[float | None, bool]:
        """The share of sampled pixels that changed, and whether the picture stands still."""
        step = max(1, image.shape[1] // 96)
        sampled = np.ascontiguousarray(image[::step, ::step, 1])
        before, self._sampled = self._sampled, sampled
        if before is None or before.shape != sampled.shape:
            return None, False
        differs = cv2.absdiff(sampled, before)
        changed = float(np.count_nonzero(differs > _SLIGHT)) / differs.size
        if float(differs.mean()) > 2:
            self._recent.clear()
        self._recent.append((self._now, changed))
        while self._now - self._recent[0][0] > _STILL_S:
            self._recent.popleft()
        quiet = float(np.quantile(self._changes, 0.1)) if len(self._changes) >= 20 else 0.0
        if quiet < _ALIVE or self._now - self._recent[0][0] < 0.8 * _STILL_S:
            return changed, False
        still = sum(share <= _STILL * quiet for _, share in self._recent)
        return changed, still >= _STILL_SHARE * len(self._recent)

    def _learn_changes(self, changed: float | None) -> None:
        """What changes in a live picture, with a delay in which it would be found to be frozen."""
        if changed is not None:
            self._waiting.append((self._now, changed))
        while self._waiting and self._now - self._waiting[0][0] > _PROVEN_S:
            self._changes.append(self._waiting.popleft()[1])

    # --- the view -----------------------------------------------------------------------------

    def _judge(self, view: _View) -> tuple[TamperKind | None, float]:
        if view.mean < _BLACK and view.brightest < _BLACK_SPREAD:
            return "dark", 0.9
        learned = self._directions
        if learned is None or self._learned_s < _LEARN_S:
            return None, 0.0
        constancy = np.hypot(learned[..., 0], learned[..., 1])
        standing = constancy >= _STANDING
        if np.count_nonzero(standing) < _LEAST_STANDING * standing.size:
            return None, 0.0
        agreement = np.einsum("hwc,hwc->hw", view.directions, learned) / np.maximum(constancy, 1e-6)
        kept = float(agreement[standing].mean())
        if kept < _GONE and _gone_parts(agreement, standing) >= _GONE_EVERYWHERE:
            bare = view.detail < _BARE * self._detail
            return ("covered" if bare else "turned"), min(0.95, 1 - max(0.0, kept))
        sharp = _sharpness(view, standing)
        if sharp is not None and self._sharpness > 0 and sharp < _SOFT * self._sharpness:
            return "defocused", min(0.95, 1 - 0.5 * sharp / (_SOFT * self._sharpness))
        return None, 0.0

    def _learn(self, view: _View, elapsed: float) -> None:
        self._learned_s += elapsed
        pace = min(1.0, elapsed / min(self._learned_s, _FOLLOW_S))
        if self._directions is None:
            self._directions, self._detail = view.directions, view.detail
            return
        self._directions = self._directions + np.float32(pace) * (
            view.directions - self._directions
        )
        self._detail += pace * (view.detail - self._detail)
        standing = np.hypot(self._directions[..., 0], self._directions[..., 1]) >= _STANDING
        sharp = _sharpness(view, standing)
        if sharp is not None:
            before = self._sharpness or sharp
            self._sharpness = before + pace * (sharp - before)

    def _sign(self, kind: TamperKind | None, sure: float) -> TamperSign | None:
        now = self._now
        if kind is None:
            if now - self._last_s > _GAP_S:
                self._kind = None
            return None
        if self._kind is None or (kind == "frozen") != (self._kind == "frozen"):
            self._since_s = self._recent[0][0] if kind == "frozen" and self._recent else now
        self._kind, self._last_s = kind, now
        if now - self._since_s > _ACCEPT_S:
            self._forget_view()
            self._changes.clear()
        return TamperSign(kind, self._since_s, sure)


def _small(image: Image) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if width > WIDTH:
        image = shrink(image, WIDTH, max(1, round(height * WIDTH / width)))
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def _slopes(picture: Floats) -> tuple[Floats, Floats]:
    """Grey levels a pixel, across and down."""
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def _gone_parts(agreement: Floats, standing: NDArray[np.bool_]) -> float:
    """The share of the parts with standing edges that have lost them."""
    gone = judged = 0
    rows = np.array_split(np.arange(agreement.shape[0]), _BLOCKS[0])
    columns = np.array_split(np.arange(agreement.shape[1]), _BLOCKS[1])
    for down in rows:
        for across in columns:
            part = np.ix_(down, across)
            there = standing[part]
            if np.count_nonzero(there) < 12:
                continue
            judged += 1
            gone += float(agreement[part][there].mean()) < _BLOCK_GONE
    return gone / judged if judged else 0.0


def _sharpness(view: _View, standing: NDArray[np.bool_]) -> float | None:
    """How much steeper standing edges are than when blurred: 0 for those that were soft already."""
    ratios = view.fine[standing]
    ratios = ratios[np.isfinite(ratios)]
    if len(ratios) < 60:
        return None
    return max(0.0, float(np.percentile(ratios, 75)) - 1.0)
