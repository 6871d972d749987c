"""Models are loaded by name, and only if the file is the one that the manifest means."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from models.registry import FOLDER, ModelError, Registry

ENTRY = {
    "name": "small",
    "task": "detection",
    "file": "small.onnx",
    "sha256": hashlib.sha256(b"weights").hexdigest(),
    "licence": "Apache-2.0",
    "source": "here",
    "card": "cards/small.md",
    "input": {
        "height": 8,
        "width": 8,
        "layout": "nchw",
        "dtype": "float32",
        "channels": "bgr",
        "resize": "letterbox",
    },
    "decoder": "nanodet",
    "classes": ["person"],
}


def registry_of(folder: Path, content: bytes | None = b"weights") -> Registry:
    manifest = folder / "manifest.yaml"
    manifest.write_text(yaml.safe_dump({"models": [ENTRY]}))
    if content is not None:
        (folder / "small.onnx").write_bytes(content)
    return Registry.load(manifest)


def test_a_file_with_the_right_hash_is_given_out(tmp_path: Path) -> None:
    registry = registry_of(tmp_path)
    assert registry.verified_path("small") == tmp_path / "small.onnx"


def test_a_changed_file_is_refused_with_both_hashes_and_the_remedy(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, b"other weights")
    with pytest.raises(ModelError) as refusal:
        registry.verified_path("small")
    message = str(refusal.value)
    assert str(tmp_path / "small.onnx") in message
    assert hashlib.sha256(b"weights").hexdigest() in message
    assert hashlib.sha256(b"other weights").hexdigest() in message
    assert "make models" in message


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, None)
    with pytest.raises(ModelError, match=r"small\.onnx.*cannot be read.*make models"):
        registry.verified_path("small")


def test_an_unknown_name_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model is called 'large'; the manifest has: small"):
        registry_of(tmp_path).entry("large")


@pytest.mark.parametrize(
    "spoiled", [{"sha256": "abc"}, {"file": "../small.onnx"}, {"extra": 1}, {"task": "magic"}]
)
def test_a_manifest_with_a_bad_entry_is_refused(tmp_path: Path, spoiled: dict[str, object]) -> None:
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(yaml.safe_dump({"models": [ENTRY | spoiled]}))
    with pytest.raises(ModelError, match=next(iter(spoiled))):
        Registry.load(manifest)


def test_every_shipped_model_is_whole_and_has_its_card_and_notice() -> None:
    registry = Registry.default()
    notice = (FOLDER / "NOTICE").read_text()
    for entry in registry.manifest.models:
        assert registry.verified_path(entry.name).is_file()
        assert (FOLDER / entry.card).is_file()
        assert entry.file in notice


def test_no_model_file_ships_without_a_manifest_entry() -> None:
    named = {entry.file for entry in Registry.default().manifest.models}
    assert {path.name for path in FOLDER.glob("*.onnx")} == named
