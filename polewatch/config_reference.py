"""Writes docs/reference/config.md from the models: `python -m polewatch.config_reference`."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from collector.config import CollectorSettings
from collector.routing import Routing
from collector.services.boards.registry import Boards
from collector.signer.config import SignerSettings
from edge_agent.box_profiles import PROFILES
from edge_agent.config import AgentSettings
from provisioning.enrol.desk_config import DeskSettings
from provisioning.enrol.online import Seed

TARGET = Path(__file__).parents[1] / "docs" / "reference" / "config.md"

_FILES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("agent.yaml", AgentSettings),
    ("collector.yaml", CollectorSettings),
    ("signer.yaml", SignerSettings),
    ("routing.yaml", Routing),
    ("boards.yaml", Boards),
    ("desk.yaml", DeskSettings),
    ("enrol.yaml", Seed),
)

_HEAD = """# Configuration reference

Generated (`python -m polewatch.config_reference`) from the models that check the files.
Unknown keys are refused. A relative path counts from the folder of the file it stands in.
Commented examples: [agent](../guide/agent.yaml), [collector](../guide/collector.yaml),
[signer](../guide/signer.yaml), [routing](../guide/routing.yaml),
[boards](../guide/boards.yaml), [desk](../guide/desk.yaml).
"""


_CARE = """Meant for four cores of a small Arm board with a memory card. No such board was
measured: what these settings save is measured on another machine (`polewatch bench budget`, in
[performance](performance.md)), and how many findings one look at three pictures a second misses is
not measured at all. Where the camera has a substream, name it in `sub_url`: it saves more than all
of these."""


def reference() -> str:
    """The page's text."""
    parts = [_HEAD]
    for title, model in _FILES:
        parts.append(f"\n## {title}\n")
        parts += _tables(model, "", set())
        if model is AgentSettings:
            parts += _profiles()
    return "\n".join(parts).rstrip() + "\n"


def _profiles() -> list[str]:
    """What `profile` stands for, beside the defaults."""
    lines = ["### Profiles of boxes", ""]
    lines += ["| `profile` | key | instead of | stands for |", "|---|---|---|---|"]
    for profile, values in PROFILES.items():
        for key, value in _flat(values, AgentSettings):
            lines.append(f"| `{profile}` | {key} | {value[0]} | {value[1]} |")
    lines += ["", _CARE, ""]
    return lines


def _flat(
    values: Mapping[str, Any], model: type[BaseModel], prefix: str = ""
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each key with its usual default and the profile's."""
    for name, value in values.items():
        field = model.model_fields[name]
        many, children = _children(field.annotation)
        if isinstance(value, Mapping):
            yield from _flat(value, children[0], prefix + name + ("[]." if many else "."))
        else:
            shown = "none" if value is None else f"`{value}`"
            yield f"`{prefix}{name}`", (_default(field), shown)


def _tables(model: type[BaseModel], prefix: str, seen: set[type[BaseModel]]) -> list[str]:
    lines = ["| key | type | default | what it is for |", "|---|---|---|---|"]
    inner: list[tuple[str, str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        lines.append(f"| `{key}` | {_type(field)} | {_default(field)} | {_cell(field)} |")
        many, children = _children(field.annotation)
        where = key + ("[]." if many else ".")
        for child in children:
            tag = _tag(child) if len(children) > 1 else ""
            if child not in seen:
                inner.append((where, where.rstrip(".") + tag, child))
    lines.append("")
    for where, title, child in inner:
        lines += [f"### {title}", "", _first_line(child), ""]
        lines += _tables(child, where, seen | {model})
    return lines


def _children(annotation: Any) -> tuple[bool, list[type[BaseModel]]]:
    """Whether there may be several, and the models that one may be."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return False, [annotation]
    many = typing.get_origin(annotation) in (tuple, list)
    found: list[type[BaseModel]] = []
    for argument in typing.get_args(annotation):
        found += _children(argument)[1]
    return many, found


def _tag(model: type[BaseModel]) -> str:
    """What tells this alternative from the others: the key that can hold one value only."""
    for name, field in model.model_fields.items():
        values = typing.get_args(field.annotation)
        if typing.get_origin(field.annotation) is typing.Literal and len(values) == 1:
            return f" with {name} {values[0]}"
    return ""


def _type(field: FieldInfo) -> str:
    text = _plain(field.annotation)
    bounds = []
    for rule in field.metadata:
        for sign, attribute in ((">", "gt"), ("≥", "ge"), ("<", "lt"), ("≤", "le")):
            value = getattr(rule, attribute, None)
            if value is not None:
                bounds.append(f"{sign} {value:g}")
        for word, attribute in (("at least", "min_length"), ("at most", "max_length")):
            value = getattr(rule, attribute, None)
            if value is not None:
                bounds.append(f"{word} {value}")
    return f"{text} ({', '.join(bounds)})" if bounds else text


def _plain(annotation: Any) -> str:
    origin = typing.get_origin(annotation)
    arguments = [a for a in typing.get_args(annotation) if a not in (type(None), Ellipsis)]
    if origin is typing.Literal:
        return " / ".join(f"`{one}`" for one in arguments)
    if origin is typing.Annotated:
        return _plain(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_plain(one) for one in arguments))
    if origin in (tuple, list):
        return f"list of {_plain(arguments[0])}"
    if origin is dict:
        return "mapping"
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true / false"}
    name = getattr(annotation, "__name__", str(annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping"
    return names.get(name, name.lower())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True) if field.default_factory is None else None
    if value is None or value is PydanticUndefined:
        return "none"
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, tuple | list):
        return "`[" + ", ".join(str(one) for one in value) + "]`" if value else "empty"
    return f"`{value}`"


def _cell(field: FieldInfo) -> str:
    _, children = _children(field.annotation)
    text = field.description or (_first_line(children[0]) if children else "")
    return text.replace("|", "\\|").replace("\n", " ")


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0] if model.__doc__ else ""


def main() -> None:
    """Write the page anew."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
