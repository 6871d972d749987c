"""Trains the fire and smoke network: `make train-fire DATA=FOLDER`.

Paints and cuts the training crops, runs the frozen backbone over them once, trains the head on its
features, and writes the ONNX file, the manifest's hash and the curves. The same seed on the same
versions gives the same crops; the weights differ in the last digits from machine to machine.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from models.build.manifest import record_hash
from models.registry import ModelInput, Registry
from models.train.fire import left_out
from models.train.fire.backbone import CHANNELS, SIDE, features_graph, with_head
from models.train.fire.crops import (
    Background,
    Crop,
    Still,
    donors,
    painted_crops,
    read,
    real_crops,
    stills,
)
from models.train.fire.paint import Picture

DETECTOR: Final = "nanodet-g-256x416-int8"
NAME: Final = "fire-192-int8"
SEED: Final = 20261125
EPOCHS: Final = 2
FOLDS: Final = (
    ("explosion", "window"),
    ("news-street", "protect-cafe"),
    ("raaije", "protect-workshop"),
    ("house", "motorcycles", "office", "robbery", "white"),
)
"""The training groups, some at a time left out to see what a head says of what it never saw; the
shipped one is trained on all of them."""

_REAL_TIMES: Final = 4
_PAINTED: Final = 4500


@dataclass(frozen=True, slots=True)
class Features:
    """The crops as the head sees them."""

    values: NDArray[np.float16]
    """`(n, CHANNELS, GRID, GRID)`."""
    labels: NDArray[np.float32]
    """`(n, 2, GRID, GRID)`: 0, 1, or negative where unknown."""
    groups: NDArray[np.str_]
    """Of whose pictures each is made, parted by blanks."""

    def of(self, group: str) -> NDArray[np.bool_]:
        """Which crops are made of a picture of `group`."""
        return np.array([group in groups.split() for groups in self.groups])


def backgrounds(data: Path, chosen: list[Still]) -> list[Background]:
    """Pictures without fire: roads, Intel's clips, normal scenes of the training groups."""
    found = [Background(read(f)) for f in sorted((data / "plates/european").glob("*.jpg"))] * 2
    clips = {
        "car-detection.mp4": 12,
        "one-by-one-person-detection.mp4": 60,
        "people-detection.gif": 6,
        "person-bicycle-car-detection.gif": 4,
    }
    for clip, every in clips.items():
        found += [Background(frame) for frame in _frames(data / "video" / clip, every)]
    folder = data / "fire/cctv_fire/images"
    normal = [still for still in chosen if not still.fire and not still.smoke]
    return found + [Background(read(folder / still.file), still.group) for still in normal]


def crops(data: Path, random: np.random.Generator) -> Iterator[Crop]:
    """The whole training set."""
    folder = data / "fire/cctv_fire"
    chosen = [still for still in stills(folder) if not still.held]
    yield from real_crops(folder, chosen, _REAL_TIMES, random)
    flames = donors(folder, chosen)
    yield from painted_crops(backgrounds(data, chosen), flames, _PAINTED, random)


def features(found: Iterator[Crop], spec: ModelInput, front: onnx.ModelProto) -> Features:
    """Every crop through the frozen backbone."""
    session = onnxruntime.InferenceSession(front.SerializeToString(), one_thread())
    values, labels, groups = [], [], []
    for crop in found:
        tensor = normalized(crop.picture, spec)
        values.append(session.run(["features"], {"image": tensor})[0][0].astype(np.float16))
        labels.append(crop.labels)
        groups.append(crop.groups)
        if len(groups) % 1000 == 0:
            print(f"features of {len(groups)} crops", flush=True)
    return Features(np.stack(values), np.stack(labels), np.array(groups))


def normalized(picture: Picture, spec: ModelInput) -> NDArray[np.float32]:
    """`(1, 3, SIDE, SIDE)` as the network wants `picture` (`(SIDE, SIDE, 3)` BGR)."""
    scaled = (picture - np.array(spec.mean, np.float32)) / np.array(spec.std, np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None], np.float32)


def head() -> nn.Sequential:
    """About 43 000 weights: mixes the backbone's channels, then looks at 5 x 5 cells."""
    return nn.Sequential(
        nn.Conv2d(CHANNELS, 48, 1),
        nn.LeakyReLU(0.1),
        nn.Dropout2d(0.2),
        nn.Conv2d(48, 32, 3, padding=1),
        nn.LeakyReLU(0.1),
        nn.Conv2d(32, 24, 3, padding=1),
        nn.LeakyReLU(0.1),
        nn.Conv2d(24, 2, 1),
    )


def train(
    data: Features, rows: NDArray[np.intp], tested: NDArray[np.intp], epochs: int
) -> tuple[list[dict[str, NDArray[np.float32]]], list[dict[str, float]]]:
    """The head's convolutions, trained on `rows`, and a curve with the losses on `tested`."""
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    sample = data.values[random.choice(rows, min(len(rows), 1500), replace=False)]
    mean = sample.astype(np.float32).mean((0, 2, 3))
    spread = sample.astype(np.float32).std((0, 2, 3)) + 1e-3
    network, batch = head(), 64
    steps = epochs * (len(rows) // batch)
    best = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-2)
    pace = torch.optim.lr_scheduler.OneCycleLR(best, 3e-3, total_steps=steps, pct_start=0.2)
    curve = []
    for epoch in range(epochs):
        network.train()
        order, total = random.permutation(rows), 0.0
        for start in range(0, len(order) - batch + 1, batch):
            chosen = order[start : start + batch]
            loss = _loss(network, data, chosen, mean, spread)
            best.zero_grad()
            loss.backward()
            best.step()
            pace.step()
            total += float(loss)
        point = {"epoch": epoch + 1, "loss": total / (len(order) // batch)}
        point |= _tested(network, data, tested, mean, spread)
        curve.append(point)
        print(" ".join(f"{name} {value:.4g}" for name, value in point.items()), flush=True)
    return _folded(network.eval(), mean, spread), curve


def _standard(data: Features, rows: NDArray[np.intp], mean: Any, spread: Any) -> torch.Tensor:
    values = data.values[rows].astype(np.float32)
    return torch.from_numpy((values - mean[:, None, None]) / spread[:, None, None])


def _loss(
    network: nn.Sequential, data: Features, rows: NDArray[np.intp], mean: Any, spread: Any
) -> torch.Tensor:
    """Focal cross-entropy over the cells that are known (Lin et al. 2017, gamma 1.5)."""
    logits = network(_standard(data, rows, mean, spread))
    labels = torch.from_numpy(data.labels[rows])
    known = (labels >= 0).float()
    truth = labels.clamp(min=0) * 0.98 + 0.01
    plain = nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    sure = torch.sigmoid(logits)
    wrong = torch.where(labels > 0.5, 1 - sure, sure).detach()
    weight = known * wrong**1.5 * torch.where(labels > 0.5, 2.0, 1.0)
    return 10 * (plain * weight).sum() / known.sum().clamp(min=1)


def _tested(
    network: nn.Sequential, data: Features, rows: NDArray[np.intp], mean: Any, spread: Any
) -> dict[str, float]:
    """The loss, and the share of right cells at 0.5, among those that are and are not."""
    if not len(rows):
        return {}
    network.eval()
    with torch.no_grad():
        loss, sure = [], []
        for part in np.array_split(rows, max(1, len(rows) // 256)):
            loss.append(float(_loss(network, data, part, mean, spread)))
            sure.append(torch.sigmoid(network(_standard(data, part, mean, spread))).numpy())
    said, labels = np.concatenate(sure) > 0.5, data.labels[rows]
    point = {"test_loss": float(np.mean(loss))}
    for number, kind in enumerate(("fire", "smoke")):
        there, none = labels[:, number] == 1, labels[:, number] == 0
        point[f"{kind}_recall"] = float(said[:, number][there].mean()) if there.any() else 0.0
        point[f"{kind}_false"] = float(said[:, number][none].mean())
    return point


def _folded(
    network: nn.Sequential, mean: NDArray[np.float32], spread: NDArray[np.float32]
) -> list[dict[str, NDArray[np.float32]]]:
    """The convolutions' weights, the features' standardization folded into the first."""
    layers = []
    for layer in network:
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
            layers.append({"weight": weight.copy(), "bias": bias.copy()})
    first = layers[0]
    first["weight"] = (first["weight"] / spread[None, :, None, None]).astype(np.float32)
    first["bias"] = (first["bias"] - first["weight"][:, :, 0, 0] @ mean).astype(np.float32)
    return layers


def draw_curves(curves: dict[str, list[dict[str, float]]], folder: Path) -> None:
    """`curves.csv` and a small `curves.png`: for each fold, recall on the groups left out."""
    tested = [name for name, curve in curves.items() if "test_loss" in curve[0]]
    with (folder / "curves.csv").open("w", newline="", encoding="utf-8") as lines:
        names = ["run", *curves[tested[0]][0]]
        writer = csv.DictWriter(lines, names, lineterminator="\n", restval="")
        writer.writeheader()
        for run, curve in curves.items():
            writer.writerows(
                {"run": run} | {k: f"{v:.4g}" for k, v in point.items()} for point in curve
            )
    canvas = np.full((240, 400, 3), 255, np.uint8)
    shown = {"fire_recall": (0, 60, 220), "smoke_recall": (150, 150, 150)}
    for number, (name, colour) in enumerate(shown.items()):
        for run in tested:
            values = [point[name] for point in curves[run]]
            line = [
                [40 + 340 * i / max(1, len(values) - 1), 215 - 190 * v]
                for i, v in enumerate(values)
            ]
            cv2.polylines(canvas, [np.array(line, np.int32)], False, colour, 1, cv2.LINE_AA)
        cv2.putText(canvas, name, (45 + 120 * number, 12), 0, 0.35, colour, 1, cv2.LINE_AA)
    cv2.imwrite(str(folder / "curves.png"), canvas)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training pictures")
    parser.add_argument("--cache", type=Path, required=True, help="folder for computed features")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    registry = Registry.default()
    entry = registry.entry(NAME)
    front = features_graph(registry.verified_path(DETECTOR))
    data = _cached(arguments.cache, arguments.data, entry.input, front)
    print("with all training groups:", flush=True)
    layers, last = train(data, np.arange(len(data.groups)), np.arange(0), EPOCHS)
    target = registry.folder / entry.file
    target.write_bytes(with_head(front, layers))
    print(f"{target.name} sha256 {record_hash(NAME)}", flush=True)
    counts, curves = without(data, arguments.data / "fire/cctv_fire", front, entry.input)
    left_out.write(counts)
    draw_curves(curves | {"shipped": last}, Path(__file__).parent)


def without(
    data: Features, folder: Path, front: onnx.ModelProto, spec: ModelInput
) -> tuple[list[left_out.Count], dict[str, list[dict[str, float]]]]:
    """What heads trained without the groups of each fold see in those, and their curves."""
    chosen = [still for still in stills(folder) if not still.held]
    counts: list[left_out.Count] = []
    curves = {}
    for fold in FOLDS:
        print("without:", ", ".join(fold), flush=True)
        left = np.logical_or.reduce([data.of(group) for group in fold])
        layers, curve = train(data, np.flatnonzero(~left), np.flatnonzero(left), EPOCHS)
        curves[f"without {' '.join(fold)}"] = curve
        session = onnxruntime.InferenceSession(with_head(front, layers), one_thread())
        for group in fold:
            pictures = (
                (read(folder / "images" / still.file), bool(still.fire), bool(still.smoke))
                for still in chosen
                if still.group == group
            )
            counts += left_out.counted(group, pictures, _cells(session, spec))
            print(*counts[-2:], sep="\n", flush=True)
    return counts, curves


def _cells(session: onnxruntime.InferenceSession, spec: ModelInput) -> left_out.Cells:
    def cells(picture: Picture) -> NDArray[np.float32]:
        small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        tensor = normalized(np.asarray(small, np.uint8), spec)
        found: NDArray[np.float32] = session.run(["cells"], {"image": tensor})[0][0]
        return found

    return cells


def one_thread() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return options


def _cached(cache: Path, data: Path, spec: ModelInput, front: onnx.ModelProto) -> Features:
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / "fire-features.npz"
    if not file.exists():
        found = features(crops(data, np.random.default_rng(SEED)), spec, front)
        np.savez(file, values=found.values, labels=found.labels, groups=found.groups)
        return found
    stored = np.load(file)
    return Features(stored["values"], stored["labels"], stored["groups"])


def _frames(path: Path, every: int) -> Iterator[Picture]:
    clip, number = cv2.VideoCapture(str(path)), 0
    while True:
        done, picture = clip.read()
        if not done:
            break
        if number % every == 0:
            yield np.asarray(picture, np.uint8)
        number += 1
    if not number:
        raise ValueError(f"{path}: not a video")


if __name__ == "__main__":
    main()
