"""Footage that the demo's camera plays."""

from __future__ import annotations

from pathlib import Path

STREET = Path(__file__).with_name("street.mp4")
"""36 s of a street: 768x576, 10 fps, H.264 without B-frames, a keyframe every second."""
