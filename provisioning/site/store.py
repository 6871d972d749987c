"""A folder of site files: all of an import or none of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioning.authority import Authority
from provisioning.problems import ProvisionError
from provisioning.site.model import Site, site_text


@dataclass(frozen=True, slots=True)
class Stored:
    """What an import came to."""

    written: int
    unchanged: int
    issued: int


def store(sites: Sequence[Site], folder: Path, authority: Authority | None) -> Stored:
    """Write every site's file and, with an authority, enrol every pole that has no box yet.

    Poles that are there with another content are refused before anything is written. What is
    there already and the same is left alone, so that an import that was cut off can be repeated.
    Raises ProvisionError and AuthorityError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if authority is not None and (city := authority.register.site) != sites[0].city:
        detail = f"the authority is {city}'s, the sites are {sites[0].city}'s"
        raise ProvisionError("site.import", detail)
    fresh = _fresh(sites, folder)
    staged: list[tuple[Path, Path]] = []
    try:
        for path, text in fresh.items():
            waiting = path.with_name(f".{path.name}.new")
            staged.append((waiting, path))
            waiting.write_text(text, encoding="utf-8")
        # One call brings all of them to the disk, where a call a file takes minutes.
        os.sync()
        issued = 0 if authority is None else _enrol(sites, authority)
    except BaseException:
        for waiting, _ in staged:
            waiting.unlink(missing_ok=True)
        raise
    for waiting, path in staged:
        waiting.replace(path)
    return Stored(len(fresh), len(sites) - len(fresh), issued)


def _fresh(sites: Sequence[Site], folder: Path) -> dict[Path, str]:
    found, changed = {}, []
    for site in sites:
        path, text = folder / f"{site.pole}.yaml", site_text(site)
        if not path.exists():
            found[path] = text
        elif path.read_text(encoding="utf-8") != text:
            changed.append(site.pole)
    if changed:
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        detail = f"{folder} holds other files of {', '.join(changed[:5])}{more}"
        raise ProvisionError("site.import", detail)
    return found


def _enrol(sites: Sequence[Site], authority: Authority) -> int:
    known = {entry.pole for entry in authority.register.devices}
    waiting = [site.pole for site in sites if site.pole not in known]
    with authority.batch():
        for pole in waiting:
            authority.issue_device(pole)
    return len(waiting)
