"""Polewatch: composes the edge agent, the collector and the technician's tool into one program."""

from __future__ import annotations

from wire import __version__

__all__ = ["__version__"]
