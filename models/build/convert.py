"""From a TensorFlow.js graph model to ONNX."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper

from models.build.operators import OPERATORS, Context, Operand, tensor
from models.build.tfjs import Node, TfjsGraph
from models.build.writer import Value, Writer, natural

_DTYPES = {"DT_FLOAT": np.dtype(np.float32), "DT_INT32": np.dtype(np.int32)}


def convert(
    graph: TfjsGraph,
    *,
    name: str,
    outputs: Mapping[str, str],
    input_shape: tuple[int, ...] | None = None,
    half_precision_constants: bool = False,
) -> onnx.ModelProto:
    """Write `graph` as an ONNX model with a static input named `image`.

    `outputs` maps the graph's output nodes to their names in the ONNX model, in its order.
    `input_shape` re-shapes a fully convolutional graph: the axes that differ from the published
    shape are taken as height and width, and constant resize targets grow or shrink with them.

    Raises NotImplementedError naming an operation that has no counterpart here.
    """
    published = graph.signature.input_shape
    shape = input_shape or published
    scale = _scale(published, shape)
    writer = Writer(half_precision_constants)
    read_once = frozenset(name for name, count in graph.consumers().items() if count == 1)
    context = Context(writer, scale, read_once)

    values: dict[str, list[Operand]] = {}
    for node in graph.nodes:
        if node.op == "Const":
            values[node.name] = [graph.weights[node.name]]
        elif node.op == "Placeholder":
            dtype = _DTYPES[node.attributes["dtype"]]
            values[node.name] = [Value("image", shape, dtype, natural(len(shape)))]
        else:
            values[node.name] = _write(context, node, values)

    image = tensor(values[graph.signature.input][0])
    infos = []
    for source, output in outputs.items():
        value = tensor(values[source][0])
        writer.nodes.append(helper.make_node("Identity", [writer.plain(value)], [output]))
        infos.append(_info(output, value))
    return writer.model(name, _info("image", image), infos)


def _write(context: Context, node: Node, values: Mapping[str, list[Operand]]) -> list[Operand]:
    function = OPERATORS.get(node.op)
    if function is None:
        raise NotImplementedError(f"{node.name}: the operation {node.op} is not supported")
    inputs = []
    for reference in node.inputs:
        source, _, index = reference.partition(":")
        inputs.append(values[source][int(index or 0)])
    return function(context, node, inputs)


def _scale(published: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[float, float]:
    """Height and width ratio between two image shapes, whichever axes hold them."""
    axes = (2, 3) if published[1] == 3 else (1, 2)
    return (wanted[axes[0]] / published[axes[0]], wanted[axes[1]] / published[axes[1]])


def _info(name: str, value: Value) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
    )
