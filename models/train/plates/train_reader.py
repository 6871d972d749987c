"""Trains the plate reader: the first step of `make train-plates DATA=FOLDER`.

Samples are drawn by a second process while the first learns. The same seed on the same versions
gives the same samples; the weights differ in the last digits from machine to machine. Stopped and
started again, it goes on from its last checkpoint; the rate stays at its peak until the last part,
so that a longer training begins just as a shorter one.
"""

from __future__ import annotations

import argparse
import copy
import csv
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from models.plates import HEADS, PLACES
from models.train.plates.lessons import SHARE
from models.train.plates.network import COLUMNS, ROWS, STRIDE, PlateNetwork
from models.train.plates.samples import Sample, samples

SEED: Final = 20261125
VALIDATION_SEED: Final = SEED + 1
CALIBRATION_SEED: Final = SEED + 2
SAMPLES: Final = 512_000
BATCH: Final = 32
PEAK: Final = 1.8e-3
WARM: Final = 300
"""Steps until the rate is at its peak."""
FALL: Final = 0.3
"""The last part of the training, in which the rate falls to nothing."""
EASY: Final = (0.1, 0.4, 0.7)
"""How hard the samples of the first legs are: what a character looks like is learned first."""
LEG: Final = 500
"""Steps between checkpoints; each leg's samples have a seed of their own."""
VALIDATED_ON: Final = 1_000
CURVES: Final = Path(__file__).with_name("reader-curves.csv")

_SMOOTHING: Final = 0.02
_SPREAD: Final = 7.0
"""Pixels: how far around a character's centre its attention may lie."""
_ATTENTIVE: Final = 2000
"""Steps in which the attention is taught with more weight."""
_SIDE_WEIGHT: Final = 0.5
"""Of the type's and the colour's loss, against a place's."""

Batch = tuple[Tensor, Tensor, Tensor]
"""Pictures `(n, 3, 80, 192)` uint8, targets `(n, 13)`, centres `(n, 11, 2)`."""


class _Stream(IterableDataset[Batch]):
    """Batches of the sample stream from leg `first` on, made in the loader's process."""

    def __init__(self, seed: int, data: Path, first: int) -> None:
        self._seed, self._data, self._first = seed, data, first

    def __iter__(self) -> Iterator[Batch]:
        # The learner may be pinned to one core; this process takes any, and counts for itself.
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
        os.setsid()
        for leg in count(self._first):
            hardness = EASY[leg] if leg < len(EASY) else 1.0
            stream = samples((self._seed, leg), self._data, hardness=hardness, lessons=SHARE)
            for _ in range(LEG):
                yield batch_of(list(islice(stream, BATCH)))


def batch_of(found: Sequence[Sample]) -> Batch:
    """Samples side by side."""
    images = np.stack([sample.image for sample in found]).transpose(0, 3, 1, 2)
    targets = np.stack([sample.targets for sample in found])
    centres = np.stack([sample.centres for sample in found])
    pictures = torch.from_numpy(np.ascontiguousarray(images))
    return pictures, torch.from_numpy(targets), torch.from_numpy(centres)


def loss_of(logits: Tensor, attention: Tensor, batch: Batch, attending: float) -> Tensor:
    """Cross entropy of every head, and of the attention against where the characters stand."""
    _, targets, centres = batch
    total = torch.zeros(())
    for i, part in enumerate(split(logits)):
        weight = 1.0 if i < len(PLACES) else _SIDE_WEIGHT
        total = total + weight * functional.cross_entropy(
            part, targets[:, i], label_smoothing=_SMOOTHING, ignore_index=-100
        )
    wanted, known = attention_targets(centres)
    spent = -(wanted * torch.log_softmax(attention[..., : len(PLACES)], 1)).sum(1)
    return total + attending * (spent * known).sum() / known.sum().clamp(min=1)


def split(logits: Tensor) -> tuple[Tensor, ...]:
    """The heads' logits, in the order of HEADS."""
    parts: tuple[Tensor, ...] = logits.split([len(classes) for classes in HEADS.values()], 1)
    return parts


def attention_targets(centres: Tensor) -> tuple[Tensor, Tensor]:
    """Where each place should look, `(n, cells, 11)`, and which places are known, `(n, 11)`."""
    rows, columns = torch.meshgrid(torch.arange(ROWS), torch.arange(COLUMNS), indexing="ij")
    x, y = ((axis.flatten() + 0.5) * STRIDE for axis in (columns, rows))
    known = ~torch.isnan(centres[..., 0])
    at = torch.nan_to_num(centres)
    away = (x[None, :, None] - at[:, None, :, 0]) ** 2 + (y[None, :, None] - at[:, None, :, 1]) ** 2
    wanted = torch.exp(-away / (2 * _SPREAD**2)) + 1e-9
    return wanted / wanted.sum(1, keepdim=True), known.float()


@dataclass(slots=True)
class Average:
    """A slow copy of the network: the weights that are kept."""

    network: nn.Module
    steps: int = 0

    def follow(self, learner: nn.Module) -> None:
        self.steps += 1
        keep = min(0.998, self.steps / (self.steps + 20))
        with torch.no_grad():
            mine, theirs = self.network.state_dict().values(), learner.state_dict().values()
            for slow, fast in zip(mine, theirs, strict=True):
                if slow.dtype.is_floating_point:
                    slow.mul_(keep).add_(fast, alpha=1 - keep)
                else:
                    slow.copy_(fast)


def right(logits: Tensor, targets: Tensor) -> Tensor:
    """`(n, 13)`: which heads are right; heads without a target count as right."""
    said = torch.stack([part.argmax(1) for part in split(logits)], 1)
    return (said == targets) | (targets < 0)


def validate(network: nn.Module, held: Batch) -> tuple[float, float]:
    """Share of places and of whole plates read right."""
    found = []
    with torch.no_grad():
        for start in range(0, len(held[0]), 100):
            logits, _ = network(held[0][start : start + 100])
            found.append(right(logits, held[1][start : start + 100])[:, : len(PLACES)])
    places = torch.cat(found)
    return float(places.float().mean()), float(places.all(1).float().mean())


def rate(step: int, steps: int) -> float:
    """The learning rate's share of its peak at `step` of `steps`: up, level, down."""
    left = (steps - step) / (FALL * steps)
    return min(1.0, (step + 1) / WARM, max(1e-3, left))


def train(data: Path, cache: Path, wanted: int) -> PlateNetwork:
    """The whole training, or its rest; checkpoints go to `cache`, curves beside the recipe."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    held = batch_of(list(islice(samples((VALIDATION_SEED,), data), VALIDATED_ON)))
    network = PlateNetwork().to(memory_format=torch.channels_last)
    average = Average(copy.deepcopy(network).eval())
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}],
        lr=PEAK,
        betas=(0.9, 0.98),
    )
    rows: list[dict[str, Any]] = []
    kept, done, steps = cache / "reader.pt", 0, wanted // BATCH
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        network.load_state_dict(state["network"])
        average.network.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        done, rows = int(state["step"]), list(state["rows"])
        average.steps = done
        print(f"going on after step {done} of {steps}", flush=True)
    stream = _Stream(SEED, data, done // LEG)
    loader = DataLoader(stream, batch_size=None, num_workers=1, prefetch_factor=16)
    begun, recent = time.monotonic(), np.zeros(2)
    for step, batch in enumerate(islice(loader, steps - done), done + 1):
        for group in optimizer.param_groups:
            group["lr"] = PEAK * rate(step - 1, steps)
        with torch.autocast("cpu", torch.bfloat16):
            logits, attention = network(batch[0].contiguous(memory_format=torch.channels_last))
        logits, attention = logits.float(), attention.float()
        loss = loss_of(logits, attention, batch, 1.5 if step < _ATTENTIVE else 0.5)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        average.follow(network)
        whole = right(logits, batch[1])[:, : len(PLACES)].all(1).float().mean()
        recent = 0.98 * recent + 0.02 * np.array([loss.item(), whole.item()])
        seen = recent / (1 - 0.98 ** (step - done))
        if step % 50 == 0:
            took = time.monotonic() - begun
            print(f"{step}/{steps} {took:.0f} s loss {seen[0]:.3f} exact {seen[1]:.3f}", flush=True)
        if step % LEG == 0 or step == steps:
            places, exact = validate(average.network, held)
            rows.append(_row(step * BATCH, seen, places, exact))
            print(rows[-1], flush=True)
            state = {
                "network": network.state_dict(),
                "average": average.network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step,
                "rows": rows,
            }
            torch.save(state, kept.with_suffix(".part"))
            kept.with_suffix(".part").replace(kept)
            write_curves(rows, CURVES)
    best: PlateNetwork = average.network
    return best


def _row(
    seen: int, recent: NDArray[np.float64], places: float, exact: float
) -> dict[str, int | float]:
    return {
        "samples": seen,
        "loss": round(float(recent[0]), 4),
        "training_exact": round(float(recent[1]), 4),
        "validation_places": round(places, 4),
        "validation_exact": round(exact, 4),
    }


def write_curves(rows: Sequence[dict[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Train and keep the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with plates/ and video/")
    parser.add_argument("--cache", type=Path, required=True, help="where checkpoints go")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    chosen = parser.parse_args()
    chosen.cache.mkdir(parents=True, exist_ok=True)
    train(chosen.data, chosen.cache, chosen.samples)


if __name__ == "__main__":
    main()
