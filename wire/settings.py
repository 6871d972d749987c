"""Configuration files: YAML into strict pydantic models; errors name file, key and cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)


class Settings(BaseModel):
    """Base of every configuration model: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SettingsError(Exception):
    """A configuration that cannot be used: one line a fault, each with file, key and remedy."""


def load_settings(path: Path, model: type[Model]) -> Model:
    """Read `path` as `model`. Relative paths in it stay as written; see `anchored`.

    Raises SettingsError.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: is not YAML ({_one_line(str(error))})") from error
    return parse_settings(values, model, str(path))


def parse_settings(values: Any, model: type[Model], origin: str) -> Model:
    """Check `values` against `model`; `origin` names where they came from in errors."""
    if not isinstance(values, dict):
        raise SettingsError(f"{origin}: must be a mapping of keys, not {type(values).__name__}")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = [f"{origin}: {_line(item, model)}" for item in error.errors(include_url=False)[:20]]
        raise SettingsError("\n".join(lines)) from error


def anchored(path: Path, beside: Path) -> Path:
    """`path` as it is when absolute, else relative to the folder of the file `beside`."""
    return path if path.is_absolute() else (beside.parent / path).resolve()


def _line(item: ErrorDetails, model: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in item["loc"]) or "the file"
    if item["type"] == "extra_forbidden":
        known = _known_keys(model, item["loc"][:-1])
        hint = f"; known here: {', '.join(known)}" if known else ""
        return f"{key}: unknown key{hint}"
    if item["type"] == "missing":
        return f"{key}: is missing"
    message = item["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(item["input"], dict | list) else f" (found {_short(item['input'])})"
    return f"{key}: {message}{shown}"


def _known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Field names of the model at `location`; empty where the type is not a plain model."""
    current: Any = model
    for part in location:
        if isinstance(part, int):
            continue
        if not (isinstance(current, type) and issubclass(current, BaseModel)):
            return []
        field = current.model_fields.get(part)
        if field is None:
            return []
        current = _model_in(field.annotation)
    return sorted(current.model_fields) if current is not None else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None


def _short(value: object) -> str:
    # Credentials must not reach a log by way of an error message.
    text = str(value)
    if "@" in text or len(text) > 60:
        return f"a {type(value).__name__} of {len(text)} characters"
    return repr(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
