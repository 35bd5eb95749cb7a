"""The one table of permissions: what each role may do, and to whose things.

Each operation of the API names its permission; the check, the OpenAPI document, the tests and the documentation read
this table.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a user is to the service."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    @property
    def meaning(self) -> str:
        """One sentence for the person who gives out roles."""
        return _MEANINGS[self]


_MEANINGS = {
    Role.VIEWER: "Sees every job and its results, and changes nothing.",
    Role.OPERATOR: "Uploads files, creates jobs, and controls the jobs that they created.",
    Role.ADMIN: "Controls every job, manages users, and sees the inside of the queue.",
}


class Scope(StrEnum):
    """To whose things a permission reaches."""

    ANY = "any"
    OWN = "own"
    NONE = "none"

    @property
    def meaning(self) -> str:
        """One sentence for who reads the table."""
        return _REACHES[self]


_REACHES = {
    Scope.ANY: "On everything.",
    Scope.OWN: "On what the user created, or on the user's own account.",
    Scope.NONE: "Refused.",
}


class Permission(StrEnum):
    """What an operation of the API asks for."""

    ACCOUNT_READ = "account.read"
    ACCOUNT_PASSWORD = "account.password"  # noqa: S105 (no password)
    JOBS_READ = "jobs.read"
    JOBS_CREATE = "jobs.create"
    JOBS_CONTROL = "jobs.control"
    JOBS_FORCE_FAIL = "jobs.force_fail"
    JOBS_DELETE = "jobs.delete"
    JOB_TYPES_PAUSE = "job_types.pause"
    SCHEDULES_READ = "schedules.read"
    SCHEDULES_MANAGE = "schedules.manage"
    FILES_UPLOAD = "files.upload"
    HOUSEHOLDS_READ = "households.read"
    DOCUMENTS_READ = "documents.read"
    METRICS_READ = "metrics.read"
    QUEUE_INSPECT = "queue.inspect"
    QUEUE_REPAIR = "queue.repair"
    USERS_MANAGE = "users.manage"
    WEBHOOKS_MANAGE = "webhooks.manage"


@dataclass(frozen=True)
class Grant:
    """One row of the table: the reach of a permission for each role."""

    permission: Permission
    summary: str
    viewer: Scope
    operator: Scope
    admin: Scope

    def scope(self, role: Role) -> Scope:
        """Return how far this permission reaches for ``role``."""
        return {Role.VIEWER: self.viewer, Role.OPERATOR: self.operator, Role.ADMIN: self.admin}[role]


_P, _NONE, _OWN, _ANY = Permission, Scope.NONE, Scope.OWN, Scope.ANY

#: One row for each permission; columns: viewer, operator, admin.
GRANTS: tuple[Grant, ...] = (
    Grant(_P.ACCOUNT_READ, "See the own name and role.", _OWN, _OWN, _OWN),
    Grant(_P.ACCOUNT_PASSWORD, "Change the own password.", _OWN, _OWN, _OWN),
    Grant(_P.JOBS_READ, "List jobs; see a job, its audit trail and its checkpoints.", _ANY, _ANY, _ANY),
    Grant(_P.JOBS_CREATE, "Create jobs.", _NONE, _OWN, _ANY),
    Grant(_P.JOBS_CONTROL, "Pause, resume, cancel and retry a job.", _NONE, _OWN, _ANY),
    Grant(_P.JOBS_FORCE_FAIL, "End a job as failed, whatever its worker does.", _NONE, _NONE, _ANY),
    Grant(_P.JOBS_DELETE, "Delete jobs with everything that belongs to them.", _NONE, _NONE, _ANY),
    Grant(_P.JOB_TYPES_PAUSE, "Pause and resume job types.", _NONE, _ANY, _ANY),
    Grant(_P.SCHEDULES_READ, "See schedules.", _ANY, _ANY, _ANY),
    Grant(_P.SCHEDULES_MANAGE, "Create, change, run and delete schedules.", _NONE, _OWN, _ANY),
    Grant(_P.FILES_UPLOAD, "Upload files for jobs to read.", _NONE, _OWN, _ANY),
    Grant(_P.HOUSEHOLDS_READ, "See households and how far they are geocoded.", _ANY, _ANY, _ANY),
    Grant(_P.DOCUMENTS_READ, "See documents and plays, and what jobs found in them.", _ANY, _ANY, _ANY),
    Grant(_P.METRICS_READ, "Read the metrics.", _ANY, _ANY, _ANY),
    Grant(_P.QUEUE_INSPECT, "See the queue engine, its connection and its workers.", _NONE, _NONE, _ANY),
    Grant(_P.QUEUE_REPAIR, "Fix what has lost its counterpart: rows, entries, checkpoints.", _NONE, _NONE, _ANY),
    Grant(_P.USERS_MANAGE, "Create, list and change users.", _NONE, _NONE, _ANY),
    Grant(_P.WEBHOOKS_MANAGE, "Have other services told of ends of jobs.", _NONE, _NONE, _ANY),
)

#: The table by permission.
BY_PERMISSION = MappingProxyType({grant.permission: grant for grant in GRANTS})
assert set(BY_PERMISSION) == set(Permission), "every permission has its row"  # noqa: S101 (import-time proof)


def scope(role: Role, permission: Permission) -> Scope:
    """Return how far ``permission`` reaches for ``role``."""
    return BY_PERMISSION[permission].scope(role)


def reaches(role: Role, permission: Permission, *, own: bool) -> bool:
    """Tell whether ``role`` may use ``permission`` on a thing that is its own, or on somebody else's."""
    return scope(role, permission) in ({Scope.OWN, Scope.ANY} if own else {Scope.ANY})
