"""What each TensorFlow operation becomes in ONNX: one function an operation.

Only the operations of the shipped graphs (NanoDet-g and MoveNet Lightning) are here. Every function
takes the writer, the node and its inputs, and returns the node's outputs; arrays are constants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from models.build.tfjs import Node
from models.build.writer import CHANNELS_FIRST, Padding, Value, Writer, natural

Array = NDArray[Any]
Operand = Value | Array

FLOAT = np.dtype(np.float32)
INT = np.dtype(np.int32)


@dataclass(slots=True)
class Context:
    """What an operation may know beside its inputs."""

    writer: Writer
    scale: tuple[float, float]
    """Height and width over the published ones: scales constant resize targets."""
    read_once: frozenset[str]
    """Names of nodes whose output only one other node reads."""


Operator = Callable[[Context, Node, Sequence[Operand]], list[Operand]]
OPERATORS: dict[str, Operator] = {}


def operator(*names: str) -> Callable[[Operator], Operator]:
    """Register the function for the TensorFlow operations `names`."""

    def register(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


def tensor(operand: Operand) -> Value:
    """`operand`, which must not be a constant."""
    if not isinstance(operand, Value):
        raise TypeError("this operation on a constant is not supported")
    return operand


def constant(operand: Operand) -> Array:
    """`operand`, which must be a constant."""
    if isinstance(operand, Value):
        raise TypeError(f"{operand.name}: a constant is needed here")
    return operand


# ---------------------------------------------------------------- convolutions and pooling


@operator("Conv2D", "_FusedConv2D")
def convolution(ctx: Context, node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    # TensorFlow keeps kernels height, width, in, out; ONNX out, in, height, width.
    kernel = constant(inputs[1]).transpose(3, 2, 0, 1)
    return [_convolve(ctx, node, tensor(inputs[0]), kernel, 1, inputs[2:])]


@operator("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative")
def depthwise_convolution(ctx: Context, node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    height, width, channels, multiplier = constant(inputs[1]).shape
    kernel = constant(inputs[1]).transpose(2, 3, 0, 1)
    kernel = kernel.reshape(channels * multiplier, 1, height, width)
    return [_convolve(ctx, node, tensor(inputs[0]), kernel, channels, inputs[2:])]


def _convolve(
    ctx: Context, node: Node, x: Value, kernel: Array, groups: int, extra: Sequence[Operand]
) -> Value:
    attributes = node.attributes
    if attributes["dilations"] != [1, 1, 1, 1]:
        raise NotImplementedError(f"{node.name}: dilated convolutions are not supported")
    window = kernel.shape[2:]
    strides = attributes["strides"][1:3]
    x, pads = _take_padding(ctx, node, x, 0.0)
    if pads is None:
        pads = _tensorflow_pads(attributes["padding"], x.shape[1:3], window, strides)
    operands = [ctx.writer.stored(x, CHANNELS_FIRST), ctx.writer.constant(kernel)]
    fused = list(attributes.get("fused_ops", []))
    if fused[:1] == ["BiasAdd"]:
        operands.append(ctx.writer.constant(constant(extra[0])))
        fused.pop(0)
    name = ctx.writer.emit_one(
        "Conv", operands, kernel_shape=window, strides=strides, pads=pads, group=groups
    )
    for activation in fused:
        name = _activate(ctx, activation, name)
    return Value(
        name, _pooled_shape(x, window, strides, pads, kernel.shape[0]), FLOAT, CHANNELS_FIRST
    )


def _activate(ctx: Context, activation: str, name: str) -> str:
    match activation:
        case "Relu":
            return ctx.writer.emit_one("Relu", [name])
        case "Relu6":
            bounds = [ctx.writer.constant(np.array(bound, np.float32)) for bound in (0, 6)]
            return ctx.writer.emit_one("Clip", [name, *bounds])
    raise NotImplementedError(f"the fused activation {activation} is not supported")


@operator("MaxPool")
def max_pool(ctx: Context, node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    window, strides = node.attributes["ksize"][1:3], node.attributes["strides"][1:3]
    x, pads = _take_padding(ctx, node, tensor(inputs[0]), -np.inf)
    if pads is None:
        pads = _tensorflow_pads(node.attributes["padding"], x.shape[1:3], window, strides)
    name = ctx.writer.emit_one(
        "MaxPool",
        [ctx.writer.stored(x, CHANNELS_FIRST)],
        kernel_shape=window,
        strides=strides,
        pads=pads,
    )
    shape = _pooled_shape(x, window, strides, pads, x.shape[3])
    return [Value(name, shape, x.dtype, CHANNELS_FIRST)]


def _take_padding(
    ctx: Context, node: Node, x: Value, fill: float
) -> tuple[Value, list[int] | None]:
    """`x` without its pending padding, and that padding as the window operation's own `pads`."""
    padding = x.padding
    absorbable = (
        padding is not None
        and padding.fill == fill
        and node.attributes["padding"] == "VALID"
        and padding.amounts[0] == padding.amounts[3] == (0, 0)
    )
    if padding is None or not absorbable:
        return ctx.writer.padded(x), None
    (top, bottom), (left, right) = padding.amounts[1:3]
    return replace(x, padding=None), [top, left, bottom, right]


def _tensorflow_pads(
    mode: str, size: Sequence[int], window: Sequence[int], strides: Sequence[int]
) -> list[int]:
    """TensorFlow's SAME puts the odd pixel after, VALID pads nothing."""
    if mode == "VALID":
        return [0, 0, 0, 0]
    if mode != "SAME":
        raise NotImplementedError(f"the padding mode {mode} is not supported")
    total = [
        max((-(-n // stride) - 1) * stride + k - n, 0)
        for n, k, stride in zip(size, window, strides, strict=True)
    ]
    before = [amount // 2 for amount in total]
    return before + [whole - first for whole, first in zip(total, before, strict=True)]


def _pooled_shape(
    x: Value, window: Sequence[int], strides: Sequence[int], pads: Sequence[int], channels: int
) -> tuple[int, ...]:
    height, width = (
        (x.shape[1 + i] + pads[i] + pads[2 + i] - window[i]) // strides[i] + 1 for i in range(2)
    )
    return (x.shape[0], height, width, channels)


@operator("ResizeBilinear")
def resize(ctx: Context, node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    x = tensor(inputs[0])
    if node.attributes["align_corners"] or not node.attributes["half_pixel_centers"]:
        raise NotImplementedError(f"{node.name}: only half-pixel centres are supported")
    height, width = (round(int(n) * s) for n, s in zip(constant(inputs[1]), ctx.scale, strict=True))
    ratios = np.array([1, 1, height / x.shape[1], width / x.shape[2]], np.float32)
    name = ctx.writer.emit_one(
        "Resize",
        [ctx.writer.stored(x, CHANNELS_FIRST), "", ctx.writer.constant(ratios)],
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
    return [Value(name, (x.shape[0], height, width, x.shape[3]), x.dtype, CHANNELS_FIRST)]


# ---------------------------------------------------------------- arithmetic

_BINARY = {
    "Add": "Add",
    "AddV2": "Add",
    "Sub": "Sub",
    "Mul": "Mul",
    "RealDiv": "Div",
    "FloorDiv": "Div",
    "SquaredDifference": "Sub",
}


@operator(*_BINARY)
def binary(ctx: Context, node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    a, b = inputs
    if not isinstance(a, Value) and not isinstance(b, Value):
        if node.op not in ("Add", "AddV2"):
            raise NotImplementedError(f"{node.op} of two constants is not supported")
        return [np.asarray(a + b)]
    if node.op in ("Add", "AddV2") and _becomes_bias(ctx, node, a, b):
        return [a]
    if node.op == "FloorDiv" and a.dtype.kind != "i":
        raise NotImplementedError(f"{node.name}: only integers are floor-divided")
    shape = np.broadcast_shapes(a.shape, b.shape)
    order = _common_order(shape, (a, b))
    names = [_broadcastable(ctx.writer, operand, order) for operand in (a, b)]
    name = ctx.writer.emit_one(_BINARY[node.op], names)
    if node.op == "SquaredDifference":
        name = ctx.writer.emit_one("Mul", [name, name])
    return [Value(name, shape, a.dtype, order)]


def _becomes_bias(ctx: Context, node: Node, a: Operand, b: Operand) -> bool:
    """Give the vector `b` to the convolution that made `a`, if it has no bias yet."""
    if not isinstance(a, Value) or isinstance(b, Value) or not ctx.writer.nodes:
        return False
    made_by = next((n for n in reversed(ctx.writer.nodes) if a.name in n.output), None)
    if (
        made_by is None
        or made_by.op_type != "Conv"
        or len(made_by.input) != 2
        or b.shape != a.shape[-1:]
        or node.inputs[0] not in ctx.read_once
    ):
        return False
    made_by.input.append(ctx.writer.constant(b))
    return True


def _common_order(shape: tuple[int, ...], operands: Sequence[Operand]) -> tuple[int, ...]:
    for operand in operands:
        if isinstance(operand, Value) and len(operand.shape) == len(shape):
            return operand.order
    return natural(len(shape))


def _broadcastable(writer: Writer, operand: Operand, order: tuple[int, ...]) -> str:
    """`operand` stored so that ONNX's broadcasting does in `order` what TensorFlow's does."""
    missing = len(order) - len(operand.shape)
    if not operand.shape or (missing == 0):
        return writer.plain(operand) if not operand.shape else writer.stored(operand, order)
    shape = (1,) * missing + operand.shape
    if not isinstance(operand, Value):
        return writer.stored(operand.reshape(shape), order)
    name = writer.emit_one("Reshape", [writer.plain(operand), writer.integers(*shape)])
    return writer.stored(Value(name, shape, operand.dtype, natural(len(shape))), order)


@operator("LeakyRelu")
def leaky_relu(ctx: Context, node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    x = ctx.writer.padded(tensor(inputs[0]))
    name = ctx.writer.emit_one("LeakyRelu", [x.name], alpha=float(node.attributes["alpha"]))
    return [replace(x, name=name)]


@operator("Sigmoid", "Sqrt")
def unary(ctx: Context, node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    x = ctx.writer.padded(tensor(inputs[0]))
    return [replace(x, name=ctx.writer.emit_one(node.op, [x.name]))]


@operator("Cast")
def cast(ctx: Context, node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    x = tensor(inputs[0])
    if node.attributes["DstT"] != "DT_FLOAT":
        raise NotImplementedError(f"{node.name}: only casts to float32 are supported")
    name = ctx.writer.emit_one("Cast", [x.name], to=TensorProto.FLOAT)
    return [replace(x, name=name, dtype=FLOAT)]


# ---------------------------------------------------------------- shape


@operator("Identity")
def identity(_ctx: Context, _node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    return [inputs[0]]


@operator("Transpose")
def transpose(_ctx: Context, _node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    return [tensor(inputs[0]).transposed([int(axis) for axis in constant(inputs[1])])]


@operator("Pad", "PadV2")
def pad(ctx: Context, _node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    x = ctx.writer.padded(tensor(inputs[0]))
    amounts = tuple((int(before), int(after)) for before, after in constant(inputs[1]))
    fill = float(constant(inputs[2])) if len(inputs) > 2 else 0.0
    return [replace(x, padding=Padding(amounts, fill))]


@operator("ConcatV2")
def concat(ctx: Context, _node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    *parts, axis_operand = inputs
    axis = int(constant(axis_operand)) % len(parts[0].shape)
    size = sum(part.shape[axis] for part in parts)
    shape = (*parts[0].shape[:axis], size, *parts[0].shape[axis + 1 :])
    order = _common_order(shape, parts)
    names = [ctx.writer.stored(part, order) for part in parts]
    name = ctx.writer.emit_one("Concat", names, axis=order[axis])
    return [Value(name, shape, parts[0].dtype, order)]


@operator("SplitV")
def split(ctx: Context, _node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    x = ctx.writer.padded(tensor(inputs[0]))
    sizes = [int(size) for size in constant(inputs[1])]
    axis = int(constant(inputs[2])) % len(x.shape)
    names = ctx.writer.emit(
        "Split", [x.name, ctx.writer.integers(*sizes)], len(sizes), axis=x.order[axis]
    )
    return [
        replace(x, name=name, shape=(*x.shape[:axis], size, *x.shape[axis + 1 :]))
        for name, size in zip(names, sizes, strict=True)
    ]


@operator("Reshape")
def reshape(ctx: Context, _node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    return [_reshaped(ctx, tensor(inputs[0]), [int(n) for n in constant(inputs[1])])]


@operator("ExpandDims")
def expand_dims(ctx: Context, _node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    x = tensor(inputs[0])
    axis = int(constant(inputs[1])) % (len(x.shape) + 1)
    return [_reshaped(ctx, x, [*x.shape[:axis], 1, *x.shape[axis:]])]


@operator("Squeeze")
def squeeze(ctx: Context, node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    x = tensor(inputs[0])
    gone = node.attributes["squeeze_dims"]
    return [_reshaped(ctx, x, [n for axis, n in enumerate(x.shape) if axis not in gone])]


def _reshaped(ctx: Context, x: Value, target: Sequence[int]) -> Value:
    # numpy resolves a -1 in the target; the array itself is never touched.
    shape = np.empty(x.shape, np.bool_).reshape(target).shape
    name = ctx.writer.emit_one("Reshape", [ctx.writer.plain(x), ctx.writer.integers(*shape)])
    return Value(name, shape, x.dtype, natural(len(shape)))


@operator("Pack")
def pack(ctx: Context, node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    axis = node.attributes["axis"]
    names = [
        ctx.writer.emit_one("Unsqueeze", [ctx.writer.plain(x), ctx.writer.integers(axis)])
        for x in inputs
    ]
    name = ctx.writer.emit_one("Concat", names, axis=axis)
    shape = (*inputs[0].shape[:axis], len(inputs), *inputs[0].shape[axis:])
    return [Value(name, shape, inputs[0].dtype, natural(len(shape)))]


@operator("Unpack")
def unpack(ctx: Context, node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    x = tensor(inputs[0])
    axis = node.attributes["axis"]
    source = ctx.writer.plain(x)
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    parts: list[Operand] = []
    for index in range(x.shape[axis]):
        which = ctx.writer.constant(np.array(index, np.int64))
        name = ctx.writer.emit_one("Gather", [source, which], axis=axis)
        parts.append(Value(name, shape, x.dtype, natural(len(shape))))
    return parts


@operator("SparseToDense")
def sparse_to_dense(_ctx: Context, _node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    indices, shape, values, default = (constant(operand) for operand in inputs)
    if indices.size or values.size:
        raise NotImplementedError("only an empty sparse tensor is supported")
    return [np.full([int(n) for n in shape], default)]


# ---------------------------------------------------------------- choosing


@operator("ArgMax")
def arg_max(ctx: Context, _node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    x = tensor(inputs[0])
    axis = int(constant(inputs[1])) % len(x.shape)
    found = ctx.writer.emit_one("ArgMax", [ctx.writer.plain(x)], axis=axis, keepdims=0)
    name = ctx.writer.emit_one("Cast", [found], to=TensorProto.INT32)
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    return [Value(name, shape, INT, natural(len(shape)))]


@operator("GatherNd")
def gather_nd(ctx: Context, _node: Node, inputs: Sequence[Operand]) -> list[Operand]:
    x, indices = tensor(inputs[0]), inputs[1]
    if isinstance(indices, Value):
        where = ctx.writer.emit_one("Cast", [ctx.writer.plain(indices)], to=TensorProto.INT64)
    else:
        where = ctx.writer.constant(indices.astype(np.int64))
    name = ctx.writer.emit_one("GatherND", [ctx.writer.plain(x), where])
    shape = (*indices.shape[:-1], *x.shape[indices.shape[-1] :])
    return [Value(name, shape, x.dtype, natural(len(shape)))]
