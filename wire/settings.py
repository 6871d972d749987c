"""Configuration files: YAML into a pydantic model, with errors that name file, key and remedy."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails

MAX_FILE_BYTES = 1024 * 1024
"""A configuration larger than this is a mistake, and is not read."""


class SettingsError(Exception):
    """A configuration that cannot be used; the message names file, key and what is allowed."""


class Settings(BaseModel):
    """Base of every configuration model: frozen, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return path if folder is None else Path(folder) / path.expanduser()


SettingsPath = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path in a configuration file; a relative one counts from the file's own folder."""

Model = TypeVar("Model", bound=BaseModel)


def load_settings(path: Path, model: type[Model]) -> Model:
    """Read the YAML file at `path` as `model`; raises SettingsError with one line a mistake.

    The values themselves are never repeated in a message: they may hold credentials.
    """
    folder = path.resolve().parent
    try:
        return model.model_validate(_read(path), context={"folder": folder})
    except ValidationError as error:
        details = error.errors(include_input=False)
        # What is wrong inside says more than that the whole is not as it should be.
        inner = {detail["loc"][:at] for detail in details for at in range(len(detail["loc"]))}
        lines = [_line(path, detail, model) for detail in details if detail["loc"] not in inner]
        raise SettingsError("\n".join(dict.fromkeys(lines))) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such file; name another by --config") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    if len(text) > MAX_FILE_BYTES:
        raise SettingsError(f"{path}: larger than {MAX_FILE_BYTES} bytes; this is no configuration")
    try:
        data = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f" line {mark.line + 1}, column {mark.column + 1}:"
        raise SettingsError(f"{path}:{where} not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f"{path}: not valid YAML ({type(error).__name__})") from None
    if not isinstance(data, dict):
        raise SettingsError(f"{path}: must hold 'key: value' lines at its top level")
    return data


class _Loader(yaml.SafeLoader):
    """YAML's safe subset, where a key that stands twice is a mistake.

    A key is text as it is written: YAML 1.1 takes `on` and `off` for truth values.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.tag == "tag:yaml.org,2002:bool":
                    key.tag = "tag:yaml.org,2002:str"
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"key {key.value!r} stands twice", problem_mark=key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _line(path: Path, detail: ErrorDetails, model: type[BaseModel]) -> str:
    location = detail["loc"]
    if detail["type"] == "extra_forbidden":
        owner = _model_at(model, location[:-1])
        fields = owner.model_fields.items() if owner is not None else ()
        allowed = sorted(field.alias or name for name, field in fields)
        close = difflib.get_close_matches(str(location[-1]), allowed, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        return f"{path}: {_key(location)}: unknown key{hint} (allowed: {', '.join(allowed)})"
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        message = "is missing" + _about(model, location)
    else:
        message = message[:1].lower() + message[1:]
    return f"{path}: {_key(location)}: {message}"


def _key(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(top level)"


def _about(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    owner = _model_at(model, location[:-1])
    field = None if owner is None else owner.model_fields.get(str(location[-1]))
    return "" if field is None or not field.description else f": {field.description}"


def _model_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The model whose keys stand at `location`; None where that cannot be told."""
    found: type[BaseModel] | None = model
    annotation: Any = model
    for part in location:
        if found is not None and str(part) in found.model_fields:
            annotation = found.model_fields[str(part)].annotation
        else:
            inner = [a for a in typing.get_args(annotation) if a not in (Ellipsis, type(None))]
            tagged = [a for a in inner if _tag_matches(a, part)]
            annotation = tagged[0] if tagged else inner[-1] if inner else None
        annotation = _bare(annotation)
        found = (
            annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel)
            else None
        )
    return found


def _bare(annotation: Any) -> Any:
    """Without Annotated and without `| None`."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is Annotated:
            annotation = typing.get_args(annotation)[0]
            continue
        if origin in (Union, types.UnionType):
            inner = [a for a in typing.get_args(annotation) if a is not type(None)]
            if len(inner) == 1:
                annotation = inner[0]
                continue
        return annotation


def _tag_matches(annotation: Any, part: int | str) -> bool:
    bare = _bare(annotation)
    if not (isinstance(bare, type) and issubclass(bare, BaseModel)):
        return False
    tags: list[Any] = []
    for field in bare.model_fields.values():
        tags.extend(typing.get_args(field.annotation))
    return part in tags
