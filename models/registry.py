"""The models that this release may run: what they are, and that the files are the ones meant."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

FOLDER = Path(__file__).parent
MANIFEST = FOLDER / "manifest.yaml"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ModelError(Exception):
    """A model cannot be used; the message names the file and the remedy."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelInput(_Strict):
    """The picture that a model wants."""

    height: int = Field(gt=0, description="Pixels.")
    width: int = Field(gt=0, description="Pixels.")
    layout: Literal["nchw", "nhwc"] = Field(description="The axis order of the input tensor.")
    dtype: Literal["float32", "int32", "uint8"] = Field(description="The input tensor's type.")
    channels: Literal["bgr", "rgb", "gray"] = Field(description="The order of the colours.")
    resize: Literal["letterbox", "crop", "stretch"] = Field(
        description="How a picture of another shape is fitted."
    )
    fill: int = Field(default=0, ge=0, le=255, description="Grey of the letterbox's bars.")
    mean: tuple[float, ...] = Field(default=(), description="Subtracted, channel by channel.")
    std: tuple[float, ...] = Field(default=(), description="Then divided by, channel by channel.")


class ModelEntry(_Strict):
    """One model of the manifest."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,64}$", description="What the configuration names.")
    task: Literal["detection", "posture", "fire", "plate-locator", "plate-reader"] = Field(
        description="What the model is for."
    )
    file: str = Field(pattern=r"^[a-z0-9.-]+\.onnx$", description="File name beside the manifest.")
    sha256: Sha256 = Field(description="Hash of the file.")
    licence: str = Field(description="SPDX identifier of the weights' licence.")
    source: str = Field(description="Where the weights come from.")
    card: str = Field(description="The model card, relative to the manifest.")
    input: ModelInput
    decoder: str = Field(description="The code that turns the outputs into results.")
    classes: tuple[str, ...] = Field(description="What the outputs' channels stand for.")


class Manifest(_Strict):
    """The list of models in `manifest.yaml`."""

    models: tuple[ModelEntry, ...]


@dataclass(frozen=True, slots=True)
class Registry:
    """The manifest's entries and the folder that holds their files."""

    folder: Path
    manifest: Manifest

    @classmethod
    def default(cls) -> Registry:
        """The registry of this installation."""
        return cls.load(MANIFEST)

    @classmethod
    def load(cls, manifest: Path) -> Registry:
        """Read a manifest; its models lie beside it. Raises ModelError when it cannot be read."""
        try:
            parsed = Manifest.model_validate(yaml.safe_load(manifest.read_text()))
        except (OSError, yaml.YAMLError, ValidationError) as error:
            raise ModelError(f"{manifest}: not a usable model manifest: {error}") from error
        return cls(manifest.parent, parsed)

    def entry(self, name: str) -> ModelEntry:
        """The entry called `name`. Raises ModelError naming those that exist."""
        for entry in self.manifest.models:
            if entry.name == name:
                return entry
        known = ", ".join(sorted(entry.name for entry in self.manifest.models))
        raise ModelError(f"no model is called {name!r}; the manifest has: {known}")

    def verified_path(self, name: str) -> Path:
        """The model's file, its hash checked. Raises ModelError when missing or altered."""
        entry = self.entry(name)
        path = self.folder / entry.file
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise ModelError(
                f"{path}: the model file of {name!r} cannot be read ({error.strerror}); "
                "reinstall polewatch, or rebuild the file with `make models`"
            ) from error
        if found != entry.sha256:
            raise ModelError(
                f"{path}: the model file is not the one that the manifest names: "
                f"expected sha256 {entry.sha256}, found {found}; "
                "reinstall polewatch, or rebuild the file with `make models`"
            )
        return path
