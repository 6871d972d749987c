"""The shell completes commands, options and values of `polewatch provision`."""

from __future__ import annotations

import pytest

from polewatch.cli import main


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("polewatch prov", ["provision"]),
        ("polewatch provision fl", ["flash"]),
        ("polewatch provision d", ["discover", "doctor"]),
        ("polewatch provision enrol o", ["online"]),
        ("polewatch provision authority ", ["init", "issue", "list", "revoke", "renew", "claim"]),
        ("polewatch provision authority issue dev", ["device"]),
        ("polewatch provision authority issue service x --role de", ["desk"]),
        ("polewatch provision flash --fi", ["--fixed"]),
        ("polewatch provision --lang ", ["ko", "en"]),
        ("polewatch provision nothing-of-that", []),
    ],
)
def test_it_offers_what_may_follow(
    words: str,
    offered: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("_POLEWATCH_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    assert capsys.readouterr().out.split()[: len(offered) or None] == offered
