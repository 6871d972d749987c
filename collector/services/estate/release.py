"""What boxes should run: the program of the centre, and the networks that came with it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from collector.services.estate.condition import Release
from wire import __version__
from wire.health import SHORT_HASH


def release(pinned: Mapping[str, str]) -> Release:
    """`pinned`: networks that the city wants instead of those of this installation."""
    return Release(__version__, _shipped(), pinned)


@cache
def _shipped() -> Mapping[str, str]:
    # The manifest is data of the release; the code that loads networks is the agent's.
    text = files("models").joinpath("manifest.yaml").read_text(encoding="utf-8")
    return {one["name"]: one["sha256"][:SHORT_HASH] for one in yaml.safe_load(text)["models"]}
