"""How much the property tests try: little in every run, much when asked.

`HYPOTHESIS_PROFILE=thorough pytest …` tries a thousand examples of each property.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("quick", max_examples=20, deadline=None)
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
