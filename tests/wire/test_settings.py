"""Errors in configuration name the file, the key and what is allowed; secrets are not repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from wire.settings import Settings, SettingsError, SettingsPath, load_settings


class Inner(Settings):
    fps: float = Field(5.0, gt=0, le=30)
    url: str = Field("rtsp://h/1", pattern="^rtsp://[^ ]+$")


class Outer(Settings):
    name: str
    data: SettingsPath = Path("data")
    cameras: tuple[Inner, ...] = ()


def _error(tmp_path: Path, text: str) -> str:
    path = tmp_path / "agent.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(path, Outer)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: x\ncameras: [{fps: 3}]\n")
    assert load_settings(path, Outer).cameras[0].fps == 3


def test_errors_name_key_and_remedy(tmp_path: Path) -> None:
    typo = _error(tmp_path, "nmae: x\nname: y\n")
    assert "nmae: unknown key; did you mean 'name'? (allowed: cameras, data, name)" in typo
    unknown = _error(tmp_path, "name: x\ncameras: [{speed: 3}]\n")
    assert "cameras[0].speed: unknown key (allowed: fps, url)" in unknown
    assert "name: is missing" in _error(tmp_path, "cameras: []\n")
    assert "less than or equal to 30" in _error(tmp_path, "name: x\ncameras: [{fps: 99}]\n")
    assert "not valid YAML" in _error(tmp_path, "name: [")
    assert "stands twice" in _error(tmp_path, "name: x\nname: y\n")
    assert "top level" in _error(tmp_path, "- 1\n")


def test_credentials_are_not_repeated(tmp_path: Path) -> None:
    text = _error(tmp_path, "name: x\ncameras: [{url: 'http://admin:secret@h/1'}]\n")
    assert "secret" not in text


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load_settings(tmp_path / "none.yaml", Outer)


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("name: x\ndata: here/too\n")
    assert load_settings(path, Outer).data == tmp_path / "here/too"
    path.write_text("name: x\n")
    assert load_settings(path, Outer).data == tmp_path / "data"
    path.write_text("name: x\ndata: /var/lib/x\n")
    assert load_settings(path, Outer).data == Path("/var/lib/x")
