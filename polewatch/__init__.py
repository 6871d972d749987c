"""Polewatch: composes the edge agent, the collector and the technician's tool into one program."""

from __future__ import annotations

__version__ = "0.1.0"
