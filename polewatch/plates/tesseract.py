"""Tesseract with its Korean model, as the peer that plates are read beside.

Its best use on plates that was found: enlarged to 80 pixels a line, grey, one line or one block.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_agent.plates.grammar import LONG_ASPECT
from edge_agent.scene import Image
from wire.plate_text import normalise

_REMEDY: Final = "apt install tesseract-ocr tesseract-ocr-kor, or leave it out by --no-peer"
_LINE: Final = 80
"""Pixels that a line of text is enlarged to."""

_RIM: Final = 20
_SECONDS: Final = 600


class TesseractError(Exception):
    """Tesseract cannot be run; the message names the remedy."""


def require() -> None:
    """Raises TesseractError when the program or its Korean model is missing."""
    if shutil.which("tesseract") is None:
        raise TesseractError(f"tesseract is not installed: {_REMEDY}")
    if "kor" not in _run(["--list-langs"]).split():
        raise TesseractError(f"tesseract has no Korean model here: {_REMEDY}")


def read(crops: Sequence[Image]) -> list[str]:
    """What it reads on each plate (`(h, w, 3)` uint8 BGR), without spaces and signs.

    One process for those of one line and one for the others, so that its start is shared.
    """
    said = [""] * len(crops)
    for lines in (1, 2):
        chosen = [i for i, crop in enumerate(crops) if _lines(crop) == lines]
        if not chosen:
            continue
        with tempfile.TemporaryDirectory() as folder:
            names = []
            for i in chosen:
                names.append(f"{folder}/{i}.png")
                cv2.imwrite(names[-1], _prepared(crops[i]))
            listed = Path(folder) / "all.txt"
            listed.write_text("\n".join(names) + "\n", encoding="utf-8")
            mode = "7" if lines == 1 else "6"
            pages = _run([str(listed), "stdout", "-l", "kor", "--psm", mode]).split("\f")
        for i, page in zip(chosen, pages, strict=False):
            said[i] = "".join(one for one in normalise(page) if one.isalnum())
    return said


def _lines(crop: Image) -> int:
    return 1 if crop.shape[1] >= LONG_ASPECT * 0.85 * crop.shape[0] else 2


def _prepared(crop: Image) -> Image:
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    scale = _LINE * _lines(crop) / max(1, crop.shape[0])
    size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
    large = cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(large, _RIM, _RIM, _RIM, _RIM, cv2.BORDER_REPLICATE)
    return np.asarray(framed, np.uint8)


def _run(arguments: Sequence[str]) -> str:
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            ["tesseract", *arguments],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TesseractError(f"tesseract cannot be run ({error}): {_REMEDY}") from error
    if done.returncode:
        raise TesseractError(f"tesseract failed: {done.stderr.strip()}: {_REMEDY}")
    return done.stdout
