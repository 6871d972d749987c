"""The centre's rules at rest: one file a camera, replaced whole or not at all.

They stand over the zones, lines and rules of the same camera in the box's own file, from the
moment they are taken until the centre sends others. A file that cannot be read any more counts for
nothing: then the box's own file stands again, and that is a fault which the centre hears of.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import Field, ValidationError

from edge_agent.config import AgentSettings
from wire import faultpoint
from wire.camera_rules import CameraRules
from wire.names import Moment, Name, WireModel
from wire.rules import RulesHealth, canonical, rules_sha256

LOST = "rules.lost"

log = structlog.get_logger()


class _File(WireModel):
    camera: Name
    revision: int = Field(ge=1)
    since: Moment
    rules: CameraRules


@dataclass(frozen=True, slots=True)
class InForce:
    """What a camera is watched for."""

    told: RulesHealth
    rules: CameraRules


class RulesVault:
    """A folder of rules by camera."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.unreadable: set[str] = set()
        """Cameras whose rules are here and cannot be read."""

    def load(self, camera: str) -> InForce | None:
        """What the centre drew for a camera; None when it drew nothing that can be read."""
        path = self._path(camera)
        try:
            kept = _File.model_validate_json(path.read_bytes())
            if kept.camera != camera:
                raise ValueError(f"of the camera {kept.camera}")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            told = f"{error.error_count()} faults" if isinstance(error, ValidationError) else error
            log.error("rules.unreadable", file=str(path), code=LOST, error=str(told))
            self.unreadable.add(camera)
            return None
        return in_force(kept.rules, revision=kept.revision, since=kept.since)

    def save(self, camera: str, revision: int, since: Moment, rules: CameraRules) -> None:
        """Keep rules over a power cut. Raises OSError, and what was kept before stands."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(camera)
        fresh = path.with_suffix(".new")
        document = {
            "camera": camera,
            "revision": revision,
            "since": since,
            "rules": canonical(rules),
        }
        text = _File.model_validate(document).model_dump_json(by_alias=True, exclude_unset=True)
        with fresh.open("w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        faultpoint.reach("rules.written")
        fresh.replace(path)
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        self.unreadable.discard(camera)

    def _path(self, camera: str) -> Path:
        return self._folder / f"{camera}.json"


def rules_folder(data: Path) -> Path:
    """Where they lie."""
    return data / "rules"


def in_force(rules: CameraRules, *, revision: int = 0, since: Moment | None = None) -> InForce:
    """Of the centre, or with revision 0 of the box's own file."""
    told = RulesHealth(
        source="centre" if revision else "file",
        revision=revision,
        sha256=rules_sha256(rules),
        since=since,
    )
    return InForce(told, rules)


def rules_of(settings: AgentSettings, vault: RulesVault) -> dict[str, InForce]:
    """What counts for each camera: the centre's word where it has sent one, else the file's."""
    return {
        camera.id: vault.load(camera.id) or in_force(_asked(camera)) for camera in settings.cameras
    }


def effective(settings: AgentSettings, counts: Mapping[str, InForce]) -> AgentSettings:
    """The settings as they count: the file's, with what the centre drew."""
    cameras = tuple(
        camera.model_copy(update={part: getattr(counts[camera.id].rules, part) for part in PARTS})
        if counts[camera.id].told.source == "centre"
        else camera
        for camera in settings.cameras
    )
    return settings.model_copy(update={"cameras": cameras})


PARTS = ("zones", "lines", "rules")


def _asked(camera: CameraRules) -> CameraRules:
    """A camera's zones, lines and rules alone."""
    written = camera.model_dump(mode="json", by_alias=True, exclude_unset=True, include={*PARTS})
    return CameraRules.model_validate(written)
