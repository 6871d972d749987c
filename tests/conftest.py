"""How much the property tests try: little in every run, much when asked.

`HYPOTHESIS_PROFILE=thorough pytest …` tries a thousand examples of each property.
"""

from __future__ import annotations

import gc
import os

import pytest
import structlog
from hypothesis import settings

settings.register_profile("quick", max_examples=20, deadline=None)
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# Nothing that is imported is garbage: looking for some meanwhile costs a tenth of it.
gc.disable()

# Tracebacks as Python prints them: with all their variables one costs a second.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """What was imported stays: looking through it again and again costs a tenth of the run."""
    gc.collect()
    gc.freeze()
    gc.enable()
