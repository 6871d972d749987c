"""The agent's file: the commented example is valid, and mistakes are named without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from edge_agent.box_profiles import PROFILES
from edge_agent.config import AgentSettings, load_agent_settings, stream_url
from wire.settings import SettingsError

EXAMPLE = Path(__file__).parents[2] / "docs" / "guide" / "agent.yaml"

MINIMAL = """
site: gyeyang
shard: "a7"
trust: {collector: c.pem, signer: s.pem}
cameras:
  - {id: cam-1, url: "rtsp://10.0.0.9/1"}
"""


def _load(tmp_path: Path, text: str) -> AgentSettings:
    path = tmp_path / "agent.yaml"
    path.write_text(text)
    return load_agent_settings(path)


def test_the_guides_example_is_valid() -> None:
    settings = load_agent_settings(EXAMPLE)
    assert settings.cameras[0].rules[1].schedule[0].days == ("mon", "tue", "wed", "thu", "fri")


def test_defaults_and_paths(tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text(MINIMAL)
    settings = load_agent_settings(path)
    assert settings.data == tmp_path / "data"
    assert settings.trust.collector == tmp_path / "c.pem"
    assert settings.cameras[0].analysis_fps == 5.0


def test_a_profile_stands_for_defaults_and_the_file_for_itself(tmp_path: Path) -> None:
    own = {"profile": "pi", "ring": {"hours": 48.0}, "clips": {"max_sessions": 4}}
    values = {**yaml.safe_load(MINIMAL), **own}
    values["cameras"] += [{"id": "cam-2", "url": "rtsp://10.0.0.9/2", "analysis_fps": 5}]
    settings = _load(tmp_path, yaml.safe_dump(values))
    assert (settings.inference_workers, settings.fine_model) == (1, None)
    assert (settings.ring.hours, settings.ring.disk_share) == (48.0, 0.8)
    assert (settings.clips.max_sessions, settings.clips.export_megabytes) == (4, 500)
    assert [one.analysis_fps for one in settings.cameras] == [3.0, 5.0]
    assert _load(tmp_path, MINIMAL).fine_model is not None


def test_each_profile_is_valid_and_says_nothing_that_is_the_default_anyway(tmp_path: Path) -> None:
    plain = _load(tmp_path, MINIMAL).model_dump()
    for name, values in PROFILES.items():
        found = _load(tmp_path, f"profile: {name}\n{MINIMAL}").model_dump()
        changed = {key for key in found if found[key] != plain[key]}
        assert changed - {"profile"} == set(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cameras": []}, "cameras"),
        ({"camera": []}, "camera: unknown key; did you mean 'cameras'"),
        ({"time_zone": "Mars/Olympus"}, "IANA time zone"),
        ({"shard": "xyz"}, "shard"),
        ({"profile": "nano"}, "profile"),
        ({"profile": "pi", "ring": 5}, "ring"),
        ({"broker": {"port": 0}}, "broker.port"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    values = {**yaml.safe_load(MINIMAL), **change}
    with pytest.raises(SettingsError) as caught:
        _load(tmp_path, yaml.safe_dump(values))
    assert message in str(caught.value)


def test_two_cameras_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="stand twice: cam-1"):
        _load(tmp_path, MINIMAL + '  - {id: cam-1, url: "rtsp://10.0.0.9/2"}\n')


def test_credentials_in_a_url_are_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="credentials_file") as caught:
        _load(tmp_path, MINIMAL.replace("rtsp://", "rtsp://admin:geheim@"))
    assert "geheim" not in str(caught.value)


def test_credentials_come_from_a_file_of_ones_own(tmp_path: Path) -> None:
    secret = tmp_path / "cam"
    secret.write_text("admin:p@ss/word\n")
    path = tmp_path / "agent.yaml"
    path.write_text(MINIMAL.replace('/1"}', '/1", credentials_file: cam}'))
    camera = load_agent_settings(path).cameras[0]
    secret.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        stream_url(camera, camera.url)
    secret.chmod(0o600)
    assert stream_url(camera, camera.url) == "rtsp://admin:p%40ss%2Fword@10.0.0.9/1"
    secret.write_text("only-a-name")
    with pytest.raises(SettingsError, match="user:password"):
        stream_url(camera, camera.url)


def test_the_hash_changes_with_what_is_watched(tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text(MINIMAL)
    before = load_agent_settings(path).sha256()
    assert load_agent_settings(path).sha256() == before
    path.write_text(MINIMAL.replace('/1"}', '/1", analysis_fps: 4}'))
    assert load_agent_settings(path).sha256() != before
