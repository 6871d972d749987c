"""Static int8 quantization with onnxruntime, in the QDQ form that its CPU kernels fuse."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

_QUANTIZED = ["Conv", "LeakyRelu", "Concat", "Add", "MaxPool", "Resize"]


class _Pictures(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    def __init__(self, tensors: Iterable[NDArray[np.float32]]) -> None:
        self._tensors: Iterator[NDArray[np.float32]] = iter(tensors)

    def get_next(self) -> dict[str, Any] | None:
        tensor = next(self._tensors, None)
        return None if tensor is None else {"image": tensor}


def quantize(model: onnx.ModelProto, tensors: Iterable[NDArray[np.float32]], target: Path) -> None:
    """Write `model` to `target` with weights and activations in int8.

    `tensors` are calibration inputs, each shaped as the model's input `image`. Weights are signed
    and per channel, activations unsigned with their observed minimum and maximum. Weights keep to
    seven bits: processors without VNNI add two products in 16 bits, which eight bits overflow.
    """
    with tempfile.TemporaryDirectory() as scratch:
        floating = Path(scratch) / "floating.onnx"
        prepared = Path(scratch) / "prepared.onnx"
        onnx.save(model, floating)
        quant_pre_process(str(floating), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(target),
            _Pictures(tensors),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            op_types_to_quantize=_QUANTIZED,
            calibrate_method=CalibrationMethod.MinMax,
        )
