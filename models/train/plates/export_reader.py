"""From the trained weights to the file that ships: calibrated, checked, hashed.

Calibration uses drawn plates with a seed of their own, never a real picture: one temperature for
all heads by the likelihood of the characters, then slope and offset of the whole plate's log odds.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.build.manifest import record_hash
from models.plates import PLACES, TYPES
from models.registry import FOLDER
from models.train.plates.network import HEIGHT, WIDTH, PlateNetwork
from models.train.plates.samples import samples
from models.train.plates.train_reader import CALIBRATION_SEED, Batch, batch_of, right, split

NAME: Final = "plate-reader"
CALIBRATED_ON: Final = 4_000

_LATENT: Final = 1e-12
_WORST: Final = 1e-3
"""The most that a probability of the exported graph may differ from the network's."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns logits into chances."""

    temperature: float
    slope: float
    offset: float


class Shipped(nn.Module):
    """The network with its temperature: `(n, 3, 80, 192)` → probabilities of every head."""

    def __init__(self, network: PlateNetwork, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, picture: Tensor) -> Tensor:
        logits, _ = self.network(picture)
        parts = split(logits / self.temperature)
        return torch.cat([torch.softmax(part, 1) for part in parts], 1)


def calibrated(logits: Tensor, targets: Tensor) -> Calibration:
    """Fitted to the `logits` of plates that were not trained on."""
    temperature = _temperature(logits, targets)
    raw = whole(logits, temperature)
    odds = torch.log(raw.clamp(min=_LATENT)) - torch.log((1 - raw).clamp(min=_LATENT))
    is_right = right(logits, targets)[:, : len(PLACES)].all(1) & _korean(targets)
    slope, offset = _line(odds, is_right.float())
    return Calibration(temperature, slope, offset)


def whole(logits: Tensor, temperature: float) -> Tensor:
    """The network's own word for the whole plate: the product of its places, if it is Korean."""
    parts = [torch.softmax(part / temperature, 1) for part in split(logits)]
    places = torch.stack([part.max(1).values for part in parts[: len(PLACES)]], 1).prod(1)
    kinds = parts[len(PLACES)]
    return places * (1 - kinds[:, TYPES.index("foreign")] - kinds[:, TYPES.index("none")])


def _korean(targets: Tensor) -> Tensor:
    kind = targets[:, len(PLACES)]
    return (kind != TYPES.index("foreign")) & (kind != TYPES.index("none"))


def _temperature(logits: Tensor, targets: Tensor) -> float:
    """The one that makes the right characters likeliest, searched by golden section in its log."""

    def unlikely(log_temperature: float) -> float:
        parts = split(logits / float(np.exp(log_temperature)))
        losses = [
            functional.cross_entropy(part, targets[:, i], ignore_index=-100)
            for i, part in enumerate(parts)
        ]
        return float(torch.stack(losses).sum())

    low, high, ratio = -1.5, 1.5, (5**0.5 - 1) / 2
    while high - low > 1e-3:
        one, two = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, two) if unlikely(one) < unlikely(two) else (one, high)
    return float(np.exp((low + high) / 2))


def _line(odds: Tensor, is_right: Tensor) -> tuple[float, float]:
    """Slope and offset of a logistic regression, by Newton's method."""
    x = torch.stack([odds, torch.ones_like(odds)], 1).double()
    y, weights = is_right.double(), torch.tensor([1.0, 0.0]).double()
    for _ in range(50):
        chance = torch.sigmoid(x @ weights)
        bend = (x * (chance * (1 - chance))[:, None]).T @ x + 1e-6 * torch.eye(2).double()
        weights = weights + torch.linalg.solve(bend, x.T @ (y - chance))
    return float(weights[0]), float(weights[1])


def logits_of(network: PlateNetwork, batch: Batch) -> Tensor:
    """The logits of all pictures of `batch`, a hundred at a time."""
    with torch.no_grad():
        return torch.cat([network(part)[0] for part in batch[0].split(100)])


def export(network: PlateNetwork, calibration: Calibration, path: Path) -> float:
    """Write the ONNX file; the largest difference to the network. Raises ValueError when large."""
    shipped = Shipped(network, calibration.temperature).eval()
    example = torch.rand(2, 3, HEIGHT, WIDTH) * 255
    torch.onnx.export(
        shipped,
        (example,),
        str(path),
        input_names=["image"],
        output_names=["probabilities"],
        dynamic_axes={"image": {0: "n"}, "probabilities": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )
    shipped.eval()
    model = onnx.load(path)
    meta = model.metadata_props.add()
    meta.key = "calibration"
    meta.value = json.dumps([calibration.slope, calibration.offset])
    onnx.save(model, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"image": example.numpy()})
    with torch.no_grad():
        apart = float(np.abs(found - shipped(example).numpy()).max())
    if apart > _WORST:
        raise ValueError(f"{path}: the exported graph differs from the network by {apart}")
    return apart


def main() -> None:
    """Calibrate and export the checkpoint in the cache, and put its hash into the manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(chosen.cache / "reader.pt", weights_only=True)
    network = PlateNetwork()
    network.load_state_dict(state["average"])
    network.eval()
    held = batch_of(list(islice(samples((CALIBRATION_SEED,), chosen.data), CALIBRATED_ON)))
    calibration = calibrated(logits_of(network, held), held[1])
    apart = export(network, calibration, FOLDER / f"{NAME}.onnx")
    weights = sum(parameter.numel() for parameter in network.parameters())
    print(f"{calibration}; {weights} weights; the file differs by {apart:.1e}")
    print(f"sha256 {record_hash(NAME)}")


if __name__ == "__main__":
    main()
