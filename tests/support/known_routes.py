"""What FastAPI works out about a handler and its parameters is kept for its next likeness.

Each test builds its application anew, from the same lines of code: a third of such a test's time
went into the same signatures and validators again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from fastapi._compat.v2 import ModelField
from fastapi.dependencies import utils
from pydantic import TypeAdapter

_signature, _build = utils._get_signature, ModelField.__post_init__
_signatures: dict[CodeType, tuple[tuple[Any, ...], inspect.Signature]] = {}
_adapters: dict[tuple[Any, ...], TypeAdapter[Any]] = {}


def keep_what_is_known() -> None:
    """From now on, in this process."""
    utils._get_signature = _known_signature
    ModelField.__post_init__ = _known_adapter  # type: ignore[method-assign]  # FastAPI offers no place to keep it


def _known_signature(call: Callable[..., Any]) -> inspect.Signature:
    """By its code, where its defaults are the same objects."""
    if not isinstance(call, FunctionType) or hasattr(call, "__wrapped__"):
        return _signature(call)
    defaults = (*(call.__defaults__ or ()), *(call.__kwdefaults__ or {}).values())
    known, found = _signatures.get(call.__code__, (None, None))
    if found is None or known is None or [*map(id, known)] != [*map(id, defaults)]:
        found = _signature(call)
        _signatures[call.__code__] = (defaults, found)
    return found


def _known_adapter(self: ModelField) -> None:
    """By all that it is built from."""
    told = self.field_info
    key = (told.annotation, repr(told.metadata), repr(told._attributes_set), repr(self.config))
    try:
        found = _adapters.get(key)
    except TypeError:
        return _build(self)
    if found is None:
        _build(self)
        _adapters[key] = self._type_adapter
    else:
        self._type_adapter = found
    return None
