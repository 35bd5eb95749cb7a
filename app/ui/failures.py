"""Failed jobs in groups: what went wrong, how often, and retrying a group as a whole."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.problems import problem_page
from app.jobs.bulk import BulkAction
from app.jobs.failures import MOST_GROUPS, FailureGroup, FailureKind, FailureReader
from app.jobs.registry import Registry
from app.ui.bulk import bulk_button
from app.ui.page import page
from app.ui.parts import CurrentUser, Everything, JobTypes, Now
from app.ui.runbooks import ERRORS, MANY_FAILURES

router = APIRouter()

#: Characters of an error that stand for its group.
_CHARACTERS = 500


@dataclass(frozen=True)
class GroupCard:
    """What the page shows of a group.

    ``message`` is the error of its newest job, ``pattern`` what all have in common, empty when they do not differ.
    ``problem`` is where the documentation treats the error, None: nowhere; ``worth``: a retry alone may help.
    """

    group: FailureGroup
    type: str
    message: str
    pattern: str
    problem: str | None
    worth: bool

    @classmethod
    def of(cls, group: FailureGroup, registry: Registry, docs_url: str) -> "GroupCard":
        """Show ``group``."""
        pattern = group.pattern.removeprefix(f"{group.code}:").strip()
        return cls(
            group=group,
            type=registry.label(group.type),
            message=group.message[:_CHARACTERS] or "No message",
            pattern="" if pattern == group.message else pattern,
            problem=problem_page(docs_url, group.code),
            worth=group.kind in {FailureKind.TRANSIENT, FailureKind.WORKER_LOST},
        )


@router.get("/failures")
async def show(
    request: Request, user: CurrentUser, services: Everything, job_types: JobTypes, now: Now,
    type: Annotated[str, Query(max_length=64)] = "",
) -> Response:  # fmt: skip
    """Show the groups; the one that was met last comes first."""
    chosen = job_types.resolve(type).name if type else None
    groups = await FailureReader(services.database.engine).groups(type=chosen)
    cards = [GroupCard.of(group, job_types, services.settings.docs_url) for group in groups]
    return await page(
        request,
        "failures.html",
        title="Failures",
        cards=cards,
        jobs=sum(group.jobs for group in groups),
        more=len(groups) == MOST_GROUPS,
        error_runbooks=ERRORS,
        failures_runbook=MANY_FAILURES,
        types=job_types,
        chosen=chosen,
        retry=bulk_button(user, BulkAction.RETRY),
        delete=bulk_button(user, BulkAction.DELETE),
        now=now,
    )
