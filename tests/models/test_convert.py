"""The converter on graphs small enough to compute by hand; the real ones have a system test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from models.build.convert import convert
from models.build.tfjs import Node, Signature, TfjsGraph

Array = NDArray[Any]


def graph(
    shape: tuple[int, ...], nodes: list[Node], weights: Mapping[str, Array], output: str
) -> TfjsGraph:
    placeholder = Node("in", "Placeholder", (), {"dtype": "DT_FLOAT"})
    constants = [Node(name, "Const", (), {}) for name in weights]
    signature = Signature("in", shape, (output,))
    return TfjsGraph((placeholder, *constants, *nodes), weights, signature)


def run(model: onnx.ModelProto, image: Array) -> Array:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    result: Array = session.run(None, {"image": image.astype(np.float32)})[0]
    return result


def kinds(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


CONV = {"strides": [1, 1, 1, 1], "dilations": [1, 1, 1, 1], "padding": "VALID"}


def test_transposes_and_padding_around_a_convolution_disappear_into_it() -> None:
    weights = {
        "pads": np.array([[0, 0], [0, 0], [1, 1], [1, 1]]),
        "last": np.array([0, 2, 3, 1]),
        "first": np.array([0, 3, 1, 2]),
        "kernel": np.ones((3, 3, 1, 1), np.float32),
        "bias": np.array([10.0], np.float32),
    }
    nodes = [
        Node("pad", "Pad", ("in", "pads"), {}),
        Node("nhwc", "Transpose", ("pad", "last"), {}),
        Node("conv", "Conv2D", ("nhwc", "kernel"), CONV),
        Node("add", "Add", ("conv", "bias"), {}),
        Node("out", "Transpose", ("add", "first"), {}),
    ]
    model = convert(graph((1, 1, 3, 3), nodes, weights, "out"), name="g", outputs={"out": "sums"})
    assert kinds(model) == {"Conv": 1, "Identity": 1}
    sums = run(model, np.arange(9).reshape(1, 1, 3, 3))
    assert sums[0, 0].tolist() == [[18, 25, 22], [31, 46, 37], [30, 43, 34]]


def test_a_padding_that_a_window_cannot_absorb_is_written_out() -> None:
    weights = {"pads": np.array([[0, 0], [0, 0], [1, 1], [0, 0]]), "fill": np.array(7.0)}
    nodes = [
        Node("pad", "PadV2", ("in", "pads", "fill"), {}),
        Node("out", "Sigmoid", ("pad",), {}),
    ]
    model = convert(graph((1, 1, 1, 2), nodes, weights, "out"), name="g", outputs={"out": "y"})
    seven = 1 / (1 + np.exp(-7.0))
    expected = np.array([[[[seven, seven], [0.5, 0.5], [seven, seven]]]])
    np.testing.assert_allclose(run(model, np.zeros((1, 1, 1, 2))), expected, rtol=1e-6)


def test_same_padding_puts_the_odd_pixel_after() -> None:
    weights = {"kernel": np.ones((2, 2, 1, 1), np.float32)}
    attributes = CONV | {"padding": "SAME", "strides": [1, 2, 2, 1]}
    nodes = [Node("out", "Conv2D", ("in", "kernel"), attributes)]
    model = convert(graph((1, 3, 3, 1), nodes, weights, "out"), name="g", outputs={"out": "y"})
    y = run(model, np.arange(9).reshape(1, 3, 3, 1))
    assert y[0, :, :, 0].tolist() == [[0 + 1 + 3 + 4, 2 + 5], [6 + 7, 8]]


def test_a_depthwise_convolution_keeps_its_channels_apart() -> None:
    kernel = np.array([2.0, 3.0], np.float32).reshape(1, 1, 2, 1)
    nodes = [Node("out", "DepthwiseConv2dNative", ("in", "kernel"), CONV)]
    made = graph((1, 1, 1, 2), nodes, {"kernel": kernel}, "out")
    model = convert(made, name="g", outputs={"out": "y"})
    assert run(model, np.array([[[[5.0, 7.0]]]])).ravel().tolist() == [10, 21]


def test_another_input_size_scales_the_constant_resize_targets() -> None:
    nodes = [
        Node(
            "out",
            "ResizeBilinear",
            ("in", "size"),
            {"align_corners": False, "half_pixel_centers": True},
        )
    ]
    made = graph((1, 4, 4, 3), nodes, {"size": np.array([2, 2])}, "out")
    model = convert(made, name="g", outputs={"out": "y"}, input_shape=(1, 8, 4, 3))
    assert run(model, np.zeros((1, 8, 4, 3))).shape == (1, 4, 2, 3)


def test_constants_that_lose_nothing_are_stored_in_half_precision() -> None:
    exact = np.full((8, 8, 3), 0.5, np.float32)
    inexact = np.full((8, 8, 3), 0.1, np.float32)
    nodes = [Node("mul", "Mul", ("in", "a"), {}), Node("out", "Mul", ("mul", "b"), {})]
    made = graph((1, 8, 8, 3), nodes, {"a": exact, "b": inexact}, "out")
    model = convert(made, name="g", outputs={"out": "y"}, half_precision_constants=True)
    types = sorted(tensor.data_type for tensor in model.graph.initializer)
    assert types == [onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16]
    np.testing.assert_array_equal(run(model, np.ones((1, 8, 8, 3)))[0], exact * inexact)


def test_an_unknown_operation_is_named() -> None:
    made = graph((1, 1, 1, 3), [Node("odd", "FFT", ("in",), {})], {}, "odd")
    with pytest.raises(NotImplementedError, match="odd: the operation FFT is not supported"):
        convert(made, name="g", outputs={"odd": "y"})
