"""The recipe of the person and vehicle detector: `python -m models.build.nanodet`.

NanoDet-g from the npm package, re-shaped to 256x416 for the coarse look and to 384x512 for the fine
one, both quantized to int8 with pictures of COCO train2017 as the calibration set
(`--calibration`, a folder of JPEG files).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray

from models.build import package, tfjs
from models.build.convert import convert
from models.build.manifest import record_hash
from models.build.quantize import quantize
from models.registry import ModelInput, Registry

NAMES = ("nanodet-g-256x416-int8", "nanodet-g-384x512-int8")

OUTPUTS = {
    "Identity": "scores_8",
    "Identity_1": "scores_16",
    "Identity_2": "scores_32",
    "Identity_3": "sides_8",
    "Identity_4": "sides_16",
    "Identity_5": "sides_32",
}
"""Graph outputs by stride: class scores `(1, cells, 80)` and box sides `(1, cells, 44)`."""


def floating(source: Path, height: int, width: int) -> onnx.ModelProto:
    """NanoDet-g in float32 at another input size; `source` is the package's nanodet.json."""
    graph = tfjs.load(source)
    return convert(graph, name="nanodet-g", outputs=OUTPUTS, input_shape=(1, 3, height, width))


def calibration(folder: Path, spec: ModelInput) -> Iterator[NDArray[np.float32]]:
    """Each picture of `folder` as an input tensor, letterboxed, as it is and at half brightness.

    The darker copy stands for dusk; both widen the ranges that quantization keeps.
    Raises ValueError when the folder holds no JPEG file, or one that cannot be decoded.
    """
    files = sorted(folder.glob("*.jpg"))
    if not files:
        raise ValueError(f"{folder}: no JPEG files to calibrate with")
    for file in files:
        picture = cv2.imread(str(file))
        if picture is None:
            raise ValueError(f"{file}: not a picture")
        for brightness in (1.0, 0.5):
            yield letterboxed(picture, brightness, spec)


def letterboxed(picture: NDArray[Any], brightness: float, spec: ModelInput) -> NDArray[np.float32]:
    """One picture (`(H, W, 3)` BGR) as the `(1, 3, height, width)` input that `spec` asks for."""
    height, width = picture.shape[:2]
    ratio = min(spec.height / height, spec.width / width)
    size = (round(width * ratio), round(height * ratio))
    canvas = np.full((spec.height, spec.width, 3), spec.fill, np.uint8)
    top, left = (spec.height - size[1]) // 2, (spec.width - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(
        picture, size, interpolation=cv2.INTER_AREA
    )
    scaled = canvas.astype(np.float32) * brightness
    normal = (scaled - np.array(spec.mean, np.float32)) / np.array(spec.std, np.float32)
    return np.ascontiguousarray(normal.transpose(2, 0, 1)[None], np.float32)


def build(name: str, calibration_folder: Path) -> Path:
    """Make the file of the manifest's entry `name`; returns its path."""
    registry = Registry.default()
    entry = registry.entry(name)
    target = registry.folder / entry.file
    with tempfile.TemporaryDirectory() as scratch:
        package.fetch(Path(scratch), "nanodet")
        source = Path(scratch) / "nanodet.json"
        model = floating(source, entry.input.height, entry.input.width)
    quantize(model, calibration(calibration_folder, entry.input), target)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calibration", type=Path, required=True, help="folder of JPEG pictures")
    folder = parser.parse_args().calibration
    for name in NAMES:
        target = build(name, folder)
        print(f"{target.name} sha256 {record_hash(name)}")


if __name__ == "__main__":
    main()
