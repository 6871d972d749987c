"""Writing an ONNX graph whose tensors keep whatever axis order is cheapest.

TensorFlow's graphs are written channels-last (NHWC) and full of transposes; ONNX convolutions want
channels first (NCHW). Each value therefore carries an `order`: the value that TensorFlow means is
`transpose(onnx_tensor, order)`. A TensorFlow transpose only changes the order, a convolution asks
for the one it needs, and almost no transpose is ever written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[Any]
Order = tuple[int, ...]

CHANNELS_FIRST: Order = (0, 2, 3, 1)
"""The order of a tensor stored NCHW that TensorFlow means as NHWC."""

OPSET = 18


@dataclass(frozen=True, slots=True)
class Padding:
    """A pad not written yet: it usually disappears into the convolution or pooling behind it."""

    amounts: tuple[tuple[int, int], ...]
    """Before and after, for each axis as TensorFlow sees it."""
    fill: float


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor as TensorFlow sees it, stored in ONNX as `name` with its axes in `order`."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: Order
    padding: Padding | None = None
    """`shape` does not include it."""

    def transposed(self, axes: Sequence[int]) -> Value:
        """The same stored tensor, read with its axes in another order."""
        padding = self.padding and replace(
            self.padding, amounts=tuple(self.padding.amounts[axis] for axis in axes)
        )
        return replace(
            self,
            shape=tuple(self.shape[axis] for axis in axes),
            order=tuple(self.order[axis] for axis in axes),
            padding=padding,
        )


def natural(rank: int) -> Order:
    """The order of a tensor stored just as TensorFlow means it."""
    return tuple(range(rank))


class Writer:
    """Collects the nodes and constants of one ONNX graph."""

    def __init__(self, half_precision_constants: bool) -> None:
        """Store float constants that lose nothing by it as float16, widened again by a Cast.

        onnxruntime folds those casts when it loads the file; the file is half the size.
        """
        self._half = half_precision_constants
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._stored: dict[tuple[str, Order], str] = {}
        self._serial = 0

    def emit(
        self, op: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any
    ) -> list[str]:
        """Append one node; returns the names of its outputs."""
        names = [self._fresh(op.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=names[0], **attributes))
        return names

    def emit_one(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Append one node with a single output; returns its name."""
        return self.emit(op, inputs, **attributes)[0]

    def constant(self, array: Array) -> str:
        """The name of a constant tensor, the same one for equal contents."""
        array = np.array(array, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = self._add_constant(array)
        return self._known[key]

    def integers(self, *numbers: int) -> str:
        """A one-dimensional int64 constant, the form in which ONNX takes axes and shapes."""
        return self.constant(np.array(numbers, np.int64))

    def stored(self, value: Value | Array, order: Order) -> str:
        """The name of a tensor that holds `value` with its axes in `order` and its padding."""
        inverse = np.argsort(order)
        if not isinstance(value, Value):
            return self.constant(value.transpose(inverse))
        value = self.padded(value)
        if value.order == order:
            return value.name
        key = (value.name, order)
        if key not in self._stored:
            axes = [value.order[axis] for axis in inverse]
            self._stored[key] = self.emit_one("Transpose", [value.name], perm=axes)
        return self._stored[key]

    def plain(self, value: Value | Array) -> str:
        """The name of a tensor that holds `value` just as TensorFlow means it."""
        rank = len(value.shape)
        return self.stored(value, natural(rank))

    def padded(self, value: Value) -> Value:
        """`value` with its pending padding written out."""
        if value.padding is None:
            return value
        by_axis = dict(zip(value.order, value.padding.amounts, strict=True))
        amounts = [by_axis[axis] for axis in sorted(by_axis)]
        pads = self.integers(*(before for before, _ in amounts), *(after for _, after in amounts))
        fill = self.constant(np.array(value.padding.fill, value.dtype))
        shape = tuple(
            size + sum(pad) for size, pad in zip(value.shape, value.padding.amounts, strict=True)
        )
        name = self.emit_one("Pad", [value.name, pads, fill])
        return Value(name, shape, value.dtype, value.order)

    def model(
        self, name: str, graph_input: onnx.ValueInfoProto, outputs: Sequence[onnx.ValueInfoProto]
    ) -> onnx.ModelProto:
        """The finished, checked model."""
        graph = helper.make_graph(self.nodes, name, [graph_input], list(outputs), self.constants)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=8,
            producer_name="polewatch",
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def _fresh(self, stem: str) -> str:
        self._serial += 1
        return f"{stem}_{self._serial}"

    def _add_constant(self, array: Array) -> str:
        name = self._fresh("constant")
        if self._half and array.dtype == np.float32 and array.size >= 64:
            narrow = array.astype(np.float16)
            if np.array_equal(narrow.astype(np.float32), array):
                self.constants.append(numpy_helper.from_array(narrow, name))
                return self.emit_one("Cast", [name], to=onnx.TensorProto.FLOAT)
        self.constants.append(numpy_helper.from_array(array, name))
        return name
