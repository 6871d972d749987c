from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from collector.config import IceSettings
from collector.ice import ice_servers, link_header

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> IceSettings:
    (tmp_path / "secret").write_text("hush\n")
    return IceSettings(
        stun="stun:turn.example:3478",
        turn="turn:turn.example:3478?transport=udp",
        turn_secret_file=tmp_path / "secret",
    )


def test_the_credential_is_an_hmac_over_its_own_end(settings: IceSettings) -> None:
    stun, turn = ice_servers(settings, "session-1", NOW)
    assert (stun.username, stun.credential) == (None, None)
    assert turn.username == f"{int(NOW.timestamp()) + 600}:session-1"
    # As coturn's manual has it: base64(HMAC-SHA1(secret, username)).
    expected = hmac.new(b"hush", turn.username.encode(), hashlib.sha1).digest()
    assert turn.credential == base64.b64encode(expected).decode()


def test_no_secret_stands_in_what_is_told(settings: IceSettings) -> None:
    header = link_header(ice_servers(settings, "session-1", NOW))
    assert header is not None
    assert "hush" not in header
    assert header.startswith('<stun:turn.example:3478>; rel="ice-server", <turn:turn.example')
    assert 'credential-type="password"' in header
    assert link_header(()) is None


def test_a_relay_without_its_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="turn and turn_secret_file belong together"):
        IceSettings(turn="turn:turn.example:3478")
