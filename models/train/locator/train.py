"""Trains the plate locator: second step of `make train-plates DATA=FOLDER`.

Composes pictures as it goes, trains the network on each once, and writes the ONNX file, the
manifest's hash and the curve. The same seed on the same versions composes the same pictures; the
weights differ in the last digits from machine to machine.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import onnxruntime
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models.build.manifest import record_hash
from models.plate_grid import HEIGHT, WIDTH
from models.registry import Registry
from models.train.locator.compose import Composer, Scene
from models.train.locator.net import Locator, onnx_bytes
from models.train.locator.stock import stock
from models.train.locator.targets import losses, targets

NAME: Final = "plate-locator-320x224"
SEED: Final = 20261125
PICTURES: Final = 42_000
BATCH: Final = 24
EVERY: Final = 100
"""Steps between two points of the curve."""
PEAK: Final = 3e-3


def train(composer: Composer, pictures: int, saved: Path) -> tuple[Locator, list[dict[str, float]]]:
    """The network after `pictures` composed ones, and its curve; a state is `saved` on the way."""
    torch.manual_seed(SEED)
    network = Locator().to(memory_format=torch.channels_last)
    steps = pictures // BATCH
    best = torch.optim.AdamW(network.parameters(), PEAK, weight_decay=0.01)
    pace = torch.optim.lr_scheduler.OneCycleLR(best, PEAK, total_steps=steps, pct_start=0.1)
    smooth = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.995), use_buffers=True)
    curve: list[dict[str, float]] = []
    sums, began = np.zeros(2), time.monotonic()
    for step in range(1, steps + 1):
        scenes = [composer.scene() for _ in range(BATCH)]
        with torch.autocast("cpu", torch.bfloat16):
            cells = network(tensor(scenes))
        centres, corners = losses(cells.float(), targets(scenes))
        best.zero_grad()
        (centres + 3 * corners).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        best.step()
        pace.step()
        smooth.update_parameters(network)
        sums += [centres.item(), corners.item()]
        if step % EVERY == 0 or step == steps:
            many = (step - 1) % EVERY + 1
            point = {"pictures": step * BATCH, "centres": sums[0] / many, "corners": sums[1] / many}
            curve.append(point)
            sums[:] = 0
            spent = time.monotonic() - began
            print(f"{spent:.0f} s", *(f"{n} {v:.4g}" for n, v in point.items()), flush=True)
            torch.save(smooth.module.state_dict(), saved)
    trained: Locator = smooth.module
    return trained.eval(), curve


def checked(network: Locator) -> bytes:
    """The network as ONNX. Raises RuntimeError when the file computes something else."""
    content = onnx_bytes(network)
    sample = np.random.default_rng(0).uniform(0, 255, (2, 3, HEIGHT, WIDTH)).astype(np.float32)
    (cells,) = onnxruntime.InferenceSession(content).run(["cells"], {"image": sample})
    with torch.no_grad():
        apart = np.abs(cells - network(torch.from_numpy(sample)).numpy()).max()
    if not apart < 1e-3:
        raise RuntimeError(f"the ONNX file is off by {apart:.3g} from the trained network")
    return content


def tensor(scenes: Sequence[Scene]) -> torch.Tensor:
    """`(n, 3, HEIGHT, WIDTH)` float32, 0..255."""
    stacked = np.stack([scene.picture for scene in scenes])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training pictures")
    parser.add_argument("--cache", type=Path, required=True, help="folder for the state on the way")
    parser.add_argument("--pictures", type=int, default=PICTURES, help="how many to compose")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    composer = Composer(stock(arguments.data, np.random.default_rng(SEED)), SEED)
    network, curve = train(composer, arguments.pictures, arguments.cache / "plate-locator.pt")
    registry = Registry.default()
    target = registry.folder / registry.entry(NAME).file
    target.write_bytes(checked(network))
    with (Path(__file__).parent / "curve.csv").open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(curve[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{value:.4g}" for name, value in point.items()} for point in curve)
    print(f"{target.name} sha256 {record_hash(NAME)}")


if __name__ == "__main__":
    main()
