"""The pinned requirements answer to pyproject.toml and carry hashes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ELSEWHERE = {"agent": ROOT / "provisioning" / "image" / "agent.txt"}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?P<rest>(?:.*\\\n)*.*)$", re.M)


def pins(name: str) -> dict[str, tuple[str, str]]:
    """Canonical name → (version, the text with its hashes)."""
    text = _text(name)
    found: dict[str, tuple[str, str]] = {
        canonicalize_name(m["name"]): (m["version"], m["rest"]) for m in PIN.finditer(text)
    }
    assert found
    return found


def _text(name: str) -> str:
    return ELSEWHERE.get(name, ROOT / "requirements" / f"{name}.txt").read_text()


def wanted(*extras: str) -> list[Requirement]:
    """What the project and its extras ask for; an extra that names others is followed."""
    project = PROJECT["project"]
    lines = list(project["dependencies"])
    # A box builds nothing.
    lines += [] if extras == ("agent",) else PROJECT["build-system"]["requires"]
    todo, seen = list(extras), set()
    while todo:
        extra = todo.pop()
        if extra in seen:
            continue
        seen.add(extra)
        for line in project["optional-dependencies"][extra]:
            requirement = Requirement(line)
            if requirement.name == "polewatch":
                todo += requirement.extras
            else:
                lines.append(line)
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize(
    ("name", "extras"),
    [
        ("demo", ("demo",)),
        ("dev", ("demo", "dev")),
        ("fuzz", ("fuzz",)),
        ("agent", ("agent",)),
    ],
)
def test_what_the_project_asks_for_is_pinned(name: str, extras: tuple[str, ...]) -> None:
    pinned = pins(name)
    for requirement in wanted(*extras):
        found = pinned.get(canonicalize_name(requirement.name))
        assert found is not None, f"{requirement.name} is not pinned; run: make requirements"
        assert requirement.specifier.contains(found[0]), f"{requirement}: run: make requirements"


@pytest.mark.parametrize("name", ["demo", "dev", "fuzz", "agent"])
def test_every_pin_has_hashes_and_no_address(name: str) -> None:
    for package, (version, rest) in pins(name).items():
        assert "--hash=sha256:" in rest, f"{package}=={version} has no hash"
    text = _text(name)
    assert "://" not in text
    assert " @ " not in text


def test_the_sets_agree_with_each_other() -> None:
    demo, dev, agent = pins("demo"), pins("dev"), pins("agent")
    differing = {name for name in demo if dev.get(name, ("", ""))[0] != demo[name][0]}
    differing |= {name for name in agent if demo.get(name, ("", ""))[0] != agent[name][0]}
    assert differing == set()
