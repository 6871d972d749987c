"""Reading a TensorFlow.js graph model: one JSON file with the graph, binary shards of weights.

Format: https://github.com/tensorflow/tfjs/blob/master/tfjs-converter/docs/format.md
(the JSON's `modelTopology` is a TensorFlow GraphDef, attribute values in protobuf's JSON mapping).
"""

from __future__ import annotations

import base64
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of the graph. `inputs` are `name` or `name:output`, control inputs left out."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signature:
    """The graph's single input, its shape as published, and its outputs."""

    input: str
    input_shape: tuple[int, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TfjsGraph:
    """A graph in evaluation order with its weights as float32 or integer arrays."""

    nodes: tuple[Node, ...]
    weights: Mapping[str, Array]
    signature: Signature

    def consumers(self) -> Counter[str]:
        """How many nodes read each node's output."""
        return Counter(name.split(":")[0] for node in self.nodes for name in node.inputs)


def load(model_json: Path) -> TfjsGraph:
    """Read `model_json` and the weight shards beside it.

    Raises ValueError when the weights are quantized other than float16, or a shard's size is wrong.
    """
    document = json.loads(model_json.read_text())
    nodes = tuple(_node(raw) for raw in document["modelTopology"]["node"])
    return TfjsGraph(nodes, _weights(document, model_json.parent), _signature(document))


def _node(raw: Mapping[str, Any]) -> Node:
    attributes = {key: _attribute(value) for key, value in raw.get("attr", {}).items()}
    inputs = tuple(name for name in raw.get("input", ()) if not name.startswith("^"))
    return Node(raw["name"], raw["op"], inputs, attributes)


def _attribute(value: Mapping[str, Any]) -> Any:
    """One AttrValue as a plain Python value; kinds that nothing here reads stay as they are."""
    kind, content = next(iter(value.items()))
    match kind:
        case "s":
            return base64.b64decode(content).decode()
        case "i":
            return int(content)
        case "list" if "i" in content:
            return [int(item) for item in content["i"]]
        case "list" if "s" in content:
            return [base64.b64decode(item).decode() for item in content["s"]]
        case "list":
            return []
    return content


def _weights(document: Mapping[str, Any], folder: Path) -> dict[str, Array]:
    weights: dict[str, Array] = {}
    for group in document["weightsManifest"]:
        data = b"".join((folder / shard).read_bytes() for shard in group["paths"])
        offset = 0
        for entry in group["weights"]:
            stored = np.dtype(entry.get("quantization", entry)["dtype"])
            if "scale" in entry.get("quantization", {}):
                raise ValueError(
                    f"{entry['name']}: weights quantized to {stored} are not supported"
                )
            count = math.prod(entry["shape"])
            flat = np.frombuffer(data, stored, count, offset)
            weights[entry["name"]] = flat.astype(entry["dtype"]).reshape(entry["shape"])
            offset += count * stored.itemsize
        if offset != len(data):
            raise ValueError(
                f"{folder}: shards {group['paths']} hold {len(data)} bytes, not {offset}"
            )
    return weights


def _signature(document: Mapping[str, Any]) -> Signature:
    signature = document["signature"]
    ((name, tensor),) = signature["inputs"].items()
    shape = tuple(int(dim["size"]) for dim in tensor["tensorShape"]["dim"])
    outputs = tuple(output.split(":")[0] for output in signature["outputs"])
    return Signature(name.split(":")[0], shape, outputs)
