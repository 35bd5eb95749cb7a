"""Problems, roles and permissions."""

import sys
from collections.abc import Iterator

from app.auth import permissions
from app.auth.permissions import Role, Scope
from app.facts.fact import Fact, enum, fact, words
from app.places import places
from app.problems import PASSING, Problem


def collect_problems() -> Iterator[Fact]:
    """Yield the problems that the API answers with."""
    for kind in Problem.catalogue():
        module = sys.modules[kind.__module__]
        yield fact(
            "problem",
            kind.code,
            kind.title,
            kind.cause(),
            places(module).name(kind.__name__),
            status=kind.status,
            fix=kind.fix,
            retry_after=kind.status in PASSING,
            class_name=kind.__name__,
        )


def collect_access() -> Iterator[Fact]:
    """Yield the roles and the table of permissions."""
    yield from enum("role", Role)
    yield from enum("reach", Scope)
    for order, grant in enumerate(permissions.GRANTS):
        yield fact(
            "permission",
            grant.permission.value,
            words(grant.permission.value.replace(".", " ")),
            grant.summary,
            places(permissions).row("GRANTS", order),
            order=order,
            **{role.value: grant.scope(role).value for role in Role},
        )
