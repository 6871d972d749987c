"""Who may do what: the one check of roles at the centre."""

from __future__ import annotations

from collections.abc import Collection

from collector.problems import ProblemError
from wire.grant import PersonToken


def require(person: PersonToken, roles: Collection[str], what: str = "this") -> None:
    """Raises ProblemError auth.forbidden unless `person` has one of `roles`; names what and who."""
    if not set(roles) & set(person.roles):
        needed = ", ".join(sorted(roles))
        raise ProblemError("auth.forbidden", f"{what} needs one of the roles {needed}")
