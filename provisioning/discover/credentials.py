"""Users and passwords of cameras: asked for once, kept in files, named everywhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from provisioning.discover.soap import Login
from provisioning.files import write_private
from provisioning.problems import ProvisionError
from wire.names import is_name


def login_of(folder: Path, name: str, ask: Callable[[], Login | None]) -> Login:
    """The stored login of that name; asked for and stored when there is none yet.

    A file holds one line 'user:password', mode 0600, as the agent reads it. Raises ProvisionError.
    """
    if not is_name(name):
        raise ProvisionError("config.invalid", f"{name[:40]!r} is no name for credentials")
    path = folder / name
    if path.is_file():
        if path.stat().st_mode & 0o077:
            detail = f"{path} may be read by others; run: chmod 600 {path}"
            raise ProvisionError("config.invalid", detail)
        user, colon, password = path.read_text(encoding="utf-8").strip().partition(":")
        if not (user and colon):
            raise ProvisionError("config.invalid", f"{path} must hold one line 'user:password'")
        return Login(user, password)
    login = ask()
    if login is None:
        raise ProvisionError("camera.unauthorized", f"no credentials {name!r} in {folder}")
    if not login.user or ":" in login.user or "\n" in login.user + login.password:
        raise ProvisionError("config.invalid", "a user name is not empty and holds no colon")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, f"{login.user}:{login.password}\n".encode())
    return login
