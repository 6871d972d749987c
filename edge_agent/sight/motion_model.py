"""Where tracked boxes are now and will be next: a constant-velocity Kalman filter for many boxes.

Centre x, centre y, width and height are filtered apart, each with a position and a velocity, so the
covariance of a coordinate is three numbers and all boxes are computed in a few array operations.
Noise is measured in heights of the box, as in SORT and its descendants: a person near the camera
moves, and is mis-measured, by more of the frame than a far one. Time is in seconds, not frames, so
that the analysis rate may change while the filter runs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEASUREMENT_NOISE = 0.05
"""Standard deviation of a detected coordinate, in box heights (ByteTrack's 1/20)."""

INITIAL_SPEED = np.array([0.6, 0.3, 0.15, 0.15])
"""Standard deviation of a new box's velocity, in box heights a second: people walk at about 0.8."""

ACCELERATION = np.array([0.6, 0.3, 0.15, 0.15])
"""Spectral density of velocity changes, in box heights per second to the 3/2."""


class MotionModel:
    """The filtered state of `n` boxes, `(n, 4)` centre x, centre y, width, height."""

    def __init__(self) -> None:
        self.position: Floats = np.empty((0, 4))
        self.velocity: Floats = np.empty((0, 4))
        self._pp: Floats = np.empty((0, 4))
        self._pv: Floats = np.empty((0, 4))
        self._vv: Floats = np.empty((0, 4))

    def __len__(self) -> int:
        return len(self.position)

    def predict(self, seconds: float) -> None:
        """Move every box on by `seconds` (>= 0)."""
        noise = (ACCELERATION * self._heights()) ** 2
        self.position += seconds * self.velocity
        self._pp += seconds * (2 * self._pv + seconds * self._vv) + noise * seconds**3 / 3
        self._pv += seconds * self._vv + noise * seconds**2 / 2
        self._vv += noise * seconds

    def correct(self, rows: NDArray[np.intp], measured: Floats) -> None:
        """Take in the measurements `(m, 4)` of the boxes in `rows`, each row at most once."""
        pp, pv = self._pp[rows], self._pv[rows]
        certainty = pp + (MEASUREMENT_NOISE * np.maximum(measured[:, 3:], 1e-6)) ** 2
        surprise = (measured - self.position[rows]) / certainty
        self.position[rows] += pp * surprise
        self.velocity[rows] += pv * surprise
        self._vv[rows] -= pv * pv / certainty
        left = 1.0 - pp / certainty
        self._pp[rows] = left * pp
        self._pv[rows] = left * pv

    def add(self, measured: Floats) -> None:
        """Append new boxes `(m, 4)`, standing still as far as is known."""
        heights = np.maximum(measured[:, 3:], 1e-6)
        zeros = np.zeros_like(measured)
        self.position = np.concatenate([self.position, measured])
        self.velocity = np.concatenate([self.velocity, zeros])
        spread = zeros + (MEASUREMENT_NOISE * heights) ** 2
        self._pp = np.concatenate([self._pp, spread])
        self._pv = np.concatenate([self._pv, zeros])
        self._vv = np.concatenate([self._vv, (INITIAL_SPEED * heights) ** 2])

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Forget every box that is not in `rows`."""
        self.position, self.velocity = self.position[rows], self.velocity[rows]
        self._pp, self._pv, self._vv = self._pp[rows], self._pv[rows], self._vv[rows]

    def corners(self) -> Floats:
        """`(n, 4)` left, top, right, bottom of every box."""
        half = 0.5 * np.maximum(self.position[:, 2:], 1e-6)
        out = np.empty_like(self.position)
        np.subtract(self.position[:, :2], half, out=out[:, :2])
        np.add(self.position[:, :2], half, out=out[:, 2:])
        return out

    def _heights(self) -> Floats:
        return np.maximum(self.position[:, 3:], 1e-6)
