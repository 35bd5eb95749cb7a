"""A user, as the rest of the service sees one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.auth.permissions import Permission, Role, Scope, reaches, scope
from app.problems import Forbidden


@dataclass(frozen=True)
class User:
    """A person or program that may sign in. Times are in UTC.

    ``generation`` goes up when all tokens of the user become void: only those of the present one are good.
    """

    id: UUID
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None
    generation: int

    def may(self, permission: Permission) -> bool:
        """Tell whether this user may use ``permission`` at all."""
        return scope(self.role, permission) is not Scope.NONE

    def require(self, permission: Permission) -> None:
        """Let pass who may use ``permission`` at all. Raises Forbidden."""
        if not self.may(permission):
            raise Forbidden(f"The role {self.role} does not have the permission {permission}.")

    def may_on(self, permission: Permission, owner: UUID | None) -> bool:
        """Tell whether this user may use ``permission`` on a thing that ``owner`` created."""
        return reaches(self.role, permission, own=owner == self.id)
