"""What is sealed to a device's key opens there and nowhere else, unaltered or not at all."""

from __future__ import annotations

import pytest

from wire.sealed import BootKey, SealError, seal

PLAIN = '{"add":[{"plate":"12가3456"}]}'.encode()


def test_only_the_key_that_it_was_sealed_to_opens_it() -> None:
    key = BootKey()
    sealed = seal(PLAIN, key.public)
    assert key.open(sealed) == PLAIN
    assert PLAIN.decode() not in sealed
    with pytest.raises(SealError):
        BootKey().open(sealed)


def test_an_altered_cipher_does_not_open() -> None:
    key = BootKey()
    parts = seal(PLAIN, key.public).split(".")
    for number, part in enumerate(parts):
        if not part:
            continue
        flipped = part[:3] + ("A" if part[3] != "A" else "B") + part[4:]
        altered = ".".join([*parts[:number], flipped, *parts[number + 1 :]])
        with pytest.raises(SealError):
            key.open(altered)


@pytest.mark.parametrize(
    "cipher", ["", "a.b.c.d.e", "....", "{}", "x" * 1000, "e30.e30.e30.e30.e30"]
)
def test_garbage_does_not_open(cipher: str) -> None:
    with pytest.raises(SealError):
        BootKey().open(cipher)


@pytest.mark.parametrize("public", ["", "A", "é" * 43, "A" * 43])
def test_what_is_no_key_is_refused(public: str) -> None:
    with pytest.raises(SealError):
        seal(PLAIN, public)
