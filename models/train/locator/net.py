"""The locator's network, and its ONNX graph.

A small encoder to stride 32 and back to stride 8, where each cell says whether a plate's centre
lies in it and where the plate's four corners are (after CenterNet: Zhou et al. 2019).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from models.plate_grid import HEIGHT, STRIDE, WIDTH

CHANNELS: Final = 9
"""The centre's logit, then x and y of the corners from the top left clockwise."""

_SOFT: Final = 8.0
"""Added to the picture's standard deviation, so that black pictures do not become noise."""


class Block(nn.Sequential):
    """Convolution, batch normalization, ReLU."""

    def __init__(self, inside: int, out: int, stride: int = 1, kernel: int = 3) -> None:
        super().__init__(
            nn.Conv2d(inside, out, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    """Two convolutions beside the way straight through."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = Block(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        return torch.relu(value + self.second(self.first(value)))


class Locator(nn.Module):
    """`(n, 3, HEIGHT, WIDTH)` float32 BGR 0..255 to `(n, CHANNELS, HEIGHT / 8, WIDTH / 8)`."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.ModuleList(
            [Block(3, 16, 2), Block(16, 32, 2), Block(32, 48, 2), Residual(48)]
        )
        self.middle = nn.ModuleList([Block(48, 64, 2), Residual(64), Residual(64)])
        self.coarse = nn.ModuleList([Block(64, 80, 2), Residual(80), Block(80, 64, 1, 1)])
        self.down = Block(64, 48, 1, 1)
        self.mixed = Block(48, 48)
        self.head = nn.Conv2d(48, CHANNELS, 1)
        assert self.head.bias is not None
        self.head.bias.data[0] = -4.0

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        mean = picture.mean((1, 2, 3), keepdim=True)
        spread = picture.var((1, 2, 3), keepdim=True, unbiased=False).sqrt()
        value = (picture - mean) / (spread + _SOFT)
        fine = _through(self.fine, value)
        middle = _through(self.middle, fine)
        middle = middle + _twice(_through(self.coarse, middle))
        found: torch.Tensor = self.head(self.mixed(fine + _twice(self.down(middle))))
        return found


def _through(layers: nn.ModuleList, value: torch.Tensor) -> torch.Tensor:
    for layer in layers:
        value = layer(value)
    return value


def _twice(value: torch.Tensor) -> torch.Tensor:
    return nn.functional.interpolate(value, scale_factor=2.0, mode="nearest")


def onnx_bytes(network: Locator) -> bytes:
    """The network in evaluation as ONNX: `image` to `cells`, batch normalization folded in."""
    graph = _Graph()
    value = graph.standardized("image")
    fine = graph.through(network.fine, value)
    middle = graph.through(network.middle, fine)
    middle = graph.node("Add", middle, graph.twice(graph.through(network.coarse, middle)))
    summed = graph.node("Add", fine, graph.twice(graph.block(network.down, middle)))
    value = graph.block(network.mixed, summed)
    graph.convolution(network.head, None, value, name="cells")
    return graph.bytes()


class _Graph:
    """Collects nodes and constants; each call returns the name of its result."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def node(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        name = name or f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, value: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(value, name))
        return name

    def standardized(self, image: str) -> str:
        axes = self.constant(np.array([1, 2, 3], np.int64))
        centred = self.node("Sub", image, self.node("ReduceMean", image, axes, keepdims=1))
        squares = self.node("Mul", centred, centred)
        spread = self.node("Sqrt", self.node("ReduceMean", squares, axes, keepdims=1))
        soft = self.constant(np.array(_SOFT, np.float32))
        return self.node("Div", centred, self.node("Add", spread, soft))

    def through(self, layers: nn.ModuleList, value: str) -> str:
        for layer in layers:
            value = self._layer(layer, value)
        return value

    def _layer(self, layer: nn.Module, value: str) -> str:
        if isinstance(layer, Residual):
            inner = self.block(layer.first, value)
            inner = self.convolution(layer.second[0], layer.second[1], inner)
            return self.node("Relu", self.node("Add", value, inner))
        assert isinstance(layer, Block)
        return self.block(layer, value)

    def block(self, block: Block, value: str) -> str:
        return self.node("Relu", self.convolution(block[0], block[1], value))

    def convolution(self, layer: Any, norm: Any, value: str, name: str = "") -> str:
        weight = layer.weight.detach().numpy()
        bias = np.zeros(len(weight), np.float32) if layer.bias is None else layer.bias.detach()
        bias = np.asarray(bias, np.float32)
        if norm is not None:
            scale = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().numpy()
            weight = weight * scale[:, None, None, None]
            bias = (bias - norm.running_mean.numpy()) * scale + norm.bias.detach().numpy()
        pad = weight.shape[-1] // 2
        return self.node(
            "Conv", value, self.constant(weight.astype(np.float32)),
            self.constant(bias.astype(np.float32)), name=name,
            strides=list(layer.stride), pads=[pad] * 4,
        )  # fmt: skip

    def twice(self, value: str) -> str:
        none, scales = "", self.constant(np.array([1, 1, 2, 2], np.float32))
        return self.node(
            "Resize", value, none, scales,
            mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric",
        )  # fmt: skip

    def bytes(self) -> bytes:
        size: list[str | int | None] = ["n", 3, HEIGHT, WIDTH]
        cells: list[str | int | None] = ["n", CHANNELS, HEIGHT // STRIDE, WIDTH // STRIDE]
        model = helper.make_model(
            helper.make_graph(
                self._nodes,
                "plate-locator",
                [helper.make_tensor_value_info("image", TensorProto.FLOAT, size)],
                [helper.make_tensor_value_info("cells", TensorProto.FLOAT, cells)],
                self._constants,
            ),
            opset_imports=[helper.make_opsetid("", 18)],
            ir_version=8,
            producer_name="polewatch",
        )
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())
