"""Logging of every program: event name and values, to standard error."""

from __future__ import annotations

import logging
import sys

import structlog


def configure() -> None:
    """Readable lines on a terminal, JSON lines elsewhere; both with times in UTC."""
    terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    _configure(logging.INFO, [structlog.processors.format_exc_info, renderer])


def quiet() -> None:
    """Errors only: for commands whose output is their own."""
    _configure(logging.CRITICAL, [structlog.processors.JSONRenderer()])


def _configure(level: int, last: list[structlog.typing.Processor]) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
