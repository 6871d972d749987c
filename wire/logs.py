"""Logging of every program: event name and values, to standard error."""

from __future__ import annotations

import json
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


def print_ready(**facts: object) -> None:
    """The line on standard output that whoever started us waits for: {"ready": true, ...}.

    Like each line of the log it is one write: both streams may be one file, and where output is
    not buffered (PYTHONUNBUFFERED) `print` writes a line's end on its own.
    """
    sys.stdout.write(json.dumps({"ready": True, **facts}) + "\n")
    sys.stdout.flush()


def _configure(level: int, last: list[structlog.typing.Processor]) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
