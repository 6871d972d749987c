"""The configuration says what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.config import CollectorSettings
from wire.settings import SettingsError, load_settings

GOOD: dict[str, Any] = {
    "site": "city",
    "identity": "identity",
    "register_file": "register.yaml",
    "data": "data",
    "routing": "routing.yaml",
    "signer": {"url": "http://127.0.0.1:8081", "certificate": "signer.pem"},
}
CAMERA = {"device": "pole-001-1", "camera": "gate", "title": "정문", "lat": 37.5, "lon": 126.7}


def load(tmp_path: Path, **changed: Any) -> CollectorSettings:
    path = tmp_path / "collector.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **changed}))
    return load_settings(path, CollectorSettings)


def test_paths_count_from_the_file(tmp_path: Path) -> None:
    assert load(tmp_path).identity == tmp_path / "identity"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"http": {"host": "0.0.0.0"}}, "http: a listener on 0.0.0.0 needs tls"),
        ({"signer": {**GOOD["signer"], "url": "http://10.0.0.9:1"}}, "signer.url: must be https"),
        ({"signer": {**GOOD["signer"], "url": "ftp://x"}}, "signer.url: must be http://host:port"),
        ({"time_zone": "Mars/Olympus"}, "time_zone: is no IANA time zone"),
        ({"cameras": [CAMERA, CAMERA]}, "cameras: camera gate of pole-001-1 stands twice"),
        ({"cameras": [{**CAMERA, "lat": 126.7, "lon": 37.5}]}, "cameras[0].lat"),
        ({"ice": {"turn": "turn:host:3478"}}, "ice: turn and turn_secret_file belong together"),
        ({"sitee": "x"}, "sitee: unknown key; did you mean 'site'"),
        ({"inbox": {"batch": 0}}, "inbox.batch"),
    ],
)
def test_a_mistake_is_named_with_its_key(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, **changed)
    assert said in str(caught.value)
    assert "collector.yaml" in str(caught.value)


def test_cookies_are_secure_where_browsers_come_by_https(tmp_path: Path) -> None:
    assert not load(tmp_path).secure
    assert load(tmp_path, public_url="https://watch.example").secure
    tls = {"certificate": "c.pem", "key": "k.pem"}
    assert load(tmp_path, http={"host": "0.0.0.0", "tls": tls}).secure
