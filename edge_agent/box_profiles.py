"""What kind of box this is: other defaults for the settings that decide what it takes.

Whatever the file itself says counts instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

BoxProfile = Literal["pi"]

PROFILES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "pi": {
            "fine_model": None,
            "ring": {"disk_share": 0.8},
            "outbox": {"megabytes": 200},
            "clips": {"max_sessions": 2, "export_megabytes": 500},
            "plates": {"diary_megabytes": 200},
            "cameras": {"analysis_fps": 3.0},
        },
    }
)
"""By name, as the file would say it; `cameras` are defaults of each.

`pi`: four cores of a small Arm board and a memory card. One thread analyses, as everywhere, and
three cores are left for decoding, recording and viewers; one look at a picture instead of two,
three pictures a second instead of five; less of the card for what can wait.
"""


def with_box_profile(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A file's settings with the defaults of its `profile`.

    What is no known profile, or of another shape than it should be, is left for who validates it.
    """
    name = settings.get("profile")
    written = dict(settings)
    for key, ready in PROFILES.get(name, {}).items() if isinstance(name, str) else ():
        own = written.get(key)
        if key == "cameras":
            if isinstance(own, list | tuple):
                written[key] = [
                    {**ready, **one} if isinstance(one, Mapping) else one for one in own
                ]
        elif isinstance(ready, Mapping):
            written[key] = {**ready, **own} if isinstance(own, Mapping) else own or dict(ready)
        else:
            written.setdefault(key, ready)
    return written
