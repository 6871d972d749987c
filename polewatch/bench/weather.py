"""The street by infrared night and in rain: real pictures with drawn darkness, noise and streaks.

Composed, for no such footage is at hand; the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Weather = Literal["night", "rain"]

_NOISE: Final = 7.0
"""Grey levels of the sensor's noise at night."""

_STREAKS: Final = 500


def night(image: Picture, number: int) -> Picture:
    """Without colour, lit by a lamp at the camera that hardly reaches the corners, and noisy."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    height, width = grey.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    lamp = 0.25 + 0.5 * np.exp(-(x**2 + y**2) / 0.8)
    noise = np.random.default_rng(number).normal(0.0, _NOISE, grey.shape)
    dark = 255 * lamp * grey**1.4 + noise
    return _stacked(np.clip(dark, 0, 255))


def rain(image: Picture, number: int) -> Picture:
    """Through a veil, with bright slanting streaks as long as the exposure makes them."""
    height, width = image.shape[:2]
    dice = np.random.default_rng(number)
    streaks = np.zeros((height, width), np.uint8)
    for x, y, length in zip(
        dice.integers(0, width, _STREAKS).tolist(),
        dice.integers(0, height, _STREAKS).tolist(),
        dice.integers(12, 30, _STREAKS).tolist(),
        strict=True,
    ):
        cv2.line(streaks, (x, y), (x + length // 5, y + length), 255, 1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(image, (0, 0), 1.0).astype(np.float32)
    veiled = 0.75 * soft + 0.25 * 150
    wet = veiled + 0.3 * (255 - veiled) * (streaks[..., None] / 255)
    return np.clip(wet, 0, 255).astype(np.uint8)


WEATHERS: Final[dict[Weather, Callable[[Picture, int], Picture]]] = {"night": night, "rain": rain}


def _stacked(grey: NDArray[np.float64]) -> Picture:
    return np.ascontiguousarray(np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2))
