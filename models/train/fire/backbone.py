"""The detector's frozen backbone at another input size, as the front of the fire network.

The layers up to stride 16 are cut from the shipped int8 graph, so that the features are exactly
what the product computes. Three depths and the picture's own colours are pooled to one grid.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, utils

SIDE: Final = 192
"""Pixels of the square input."""

CELL: Final = 16
"""Pixels of a grid cell."""

GRID: Final = SIDE // CELL

_TAPS: Final = {
    "concat_23_DequantizeLinear_Output": 4,
    "concat_50_DequantizeLinear_Output": 2,
    "concat_80_DequantizeLinear_Output": 1,
}
"""The ends of the backbone's stages in NanoDet-g, and how many of their cells make one of ours."""

CHANNELS: Final = 64 + 128 + 256 + 6
"""Channels of the pooled features: three stages, mean and maximum of each colour."""

FEATURES: Final = "features"


def features_graph(detector: Path) -> onnx.ModelProto:
    """`image` `(n, 3, SIDE, SIDE)` float32, normalized as for the detector, to `features`
    `(n, CHANNELS, GRID, GRID)`; `detector` is the shipped NanoDet-g file."""
    whole = onnx.load(detector)
    _any_shape(whole)
    front = utils.Extractor(whole).extract_model(["image"], list(_TAPS))
    graph = front.graph
    del graph.value_info[:]
    del graph.output[:]
    parts = []
    for tap, ratio in _TAPS.items():
        if ratio == 1:
            parts.append(tap)
            continue
        parts.append(f"{tap}_pooled")
        graph.node.append(_pool("AveragePool", tap, parts[-1], ratio))
    for kind in ("AveragePool", "MaxPool"):
        parts.append(f"colour_{kind}")
        graph.node.append(_pool(kind, "image", parts[-1], CELL))
    graph.node.append(helper.make_node("Concat", parts, [FEATURES], axis=1))
    shape: list[str | int | None] = ["n", CHANNELS, GRID, GRID]
    graph.output.append(helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, shape))
    onnx.checker.check_model(front)
    return front


def with_head(front: onnx.ModelProto, layers: list[dict[str, NDArray[np.float32]]]) -> bytes:
    """The whole network as ONNX bytes: `front`, the convolutions in `layers` (each with `weight`
    `(out, in, k, k)` and `bias`) with leaky ReLUs between them, a sigmoid; output
    `cells` `(n, 2, GRID, GRID)`, fire and smoke."""
    model = onnx.ModelProto()
    model.CopyFrom(front)
    graph = model.graph
    value = FEATURES
    for number, layer in enumerate(layers):
        names = [f"head_{number}_{part}" for part in ("weight", "bias")]
        for name, part in zip(names, ("weight", "bias"), strict=True):
            graph.initializer.append(numpy_helper.from_array(layer[part], name))
        pad = layer["weight"].shape[-1] // 2
        out = f"head_{number}"
        graph.node.append(helper.make_node("Conv", [value, *names], [out], pads=[pad] * 4))
        value = out
        if number < len(layers) - 1:
            value = f"{out}_active"
            graph.node.append(helper.make_node("LeakyRelu", [out], [value], alpha=0.1))
    graph.node.append(helper.make_node("Sigmoid", [value], ["cells"]))
    del graph.output[:]
    shape: list[str | int | None] = ["n", 2, GRID, GRID]
    graph.output.append(helper.make_tensor_value_info("cells", TensorProto.FLOAT, shape))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _any_shape(model: onnx.ModelProto) -> None:
    """Free the graph of its input size; it is convolutional up to where it is cut."""
    sizes: list[str | int | None] = ["n", 3, SIDE, SIDE]
    old = model.graph.input[0]
    new = helper.make_tensor_value_info(old.name, TensorProto.FLOAT, sizes)
    old.CopyFrom(new)
    del model.graph.value_info[:]
    for tap in _TAPS:
        model.graph.value_info.append(helper.make_tensor_value_info(tap, TensorProto.FLOAT, None))


def _pool(kind: str, source: str, target: str, size: int) -> onnx.NodeProto:
    return helper.make_node(
        kind, [source], [target], kernel_shape=[size, size], strides=[size, size]
    )
