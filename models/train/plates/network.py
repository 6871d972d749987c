"""The plate reader's network: convolutions, a mixing of all positions, one attention a place.

About 0.6 million weights. Each place of a plate (region, digits, letter …) has one attention map
over the cells of the picture; it is taught where its character stands, which is known of a drawn
plate. Two more maps, which nothing is taught of, look for the type and the colour.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from models.plates import HEADS

HEIGHT: Final = 80
WIDTH: Final = 192
STRIDE: Final = 8
ROWS: Final = HEIGHT // STRIDE
COLUMNS: Final = WIDTH // STRIDE

_CHANNELS: Final = (16, 32, 96)


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _convolution(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(self.first(x)))


class PlateNetwork(nn.Module):
    """`(n, 3, HEIGHT, WIDTH)` uint8-valued BGR → logits of every head side by side, attention."""

    def __init__(self) -> None:
        super().__init__()
        one, two, three = _CHANNELS
        self.look = nn.Sequential(
            _convolution(3, one, 2),
            _convolution(one, two, 2),
            _Residual(two),
            _convolution(two, three, 2),
            _Residual(three),
            _convolution(three, three),
        )
        cells = ROWS * COLUMNS
        self.position = nn.Parameter(torch.randn(1, cells, three) * 0.1)
        self.cells_norm = nn.LayerNorm(three)
        self.cells = nn.Sequential(nn.Linear(cells, 96), nn.GELU(), nn.Linear(96, cells))
        self.channels_norm = nn.LayerNorm(three)
        self.channels = nn.Sequential(
            nn.Linear(three, 2 * three), nn.GELU(), nn.Linear(2 * three, three)
        )
        self.out_norm = nn.LayerNorm(three)
        self.attention = nn.Linear(three, len(HEADS))
        self.value = nn.Linear(three, 2 * three)
        self.heads = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(2 * three), nn.Linear(2 * three, len(classes)))
            for classes in HEADS.values()
        )

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """The logits `(n, sum of classes)` and attention `(n, cells, heads)`, both unscaled."""
        seen = self.look(standardized(picture)).flatten(2).transpose(1, 2)
        x = seen + self.position
        x = x + self.cells(self.cells_norm(x).transpose(1, 2)).transpose(1, 2)
        x = self.out_norm(x + self.channels(self.channels_norm(x)))
        attention = self.attention(x)
        values = torch.relu(self.value(seen + x))
        found = torch.softmax(attention, 1).transpose(1, 2) @ values
        logits = [head(found[:, i]) for i, head in enumerate(self.heads)]
        return torch.cat(logits, 1), attention


def standardized(picture: Tensor) -> Tensor:
    """Zero mean and unit spread over the whole picture, so that exposure does not matter; the
    channels keep their ratio, so that colour does."""
    x = picture.float()
    mean = x.mean((1, 2, 3), keepdim=True)
    spread = (x - mean).square().mean((1, 2, 3), keepdim=True).sqrt()
    return (x - mean) / (spread + 6.0)
