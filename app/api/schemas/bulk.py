"""Actions on many jobs."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.api.filters import (
    CREATED_BY,
    DIGEST,
    FINGERPRINT,
    LONGEST_NAME,
    LONGEST_TEXT,
    NAME,
    SCHEDULE_ID,
    STAGE,
    STATUS,
    TEXT,
    TYPE,
)
from app.api.schemas.base import STORABLE, Reason, RequestBody, ResponseBody
from app.api.schemas.control import Action
from app.jobs.bulk import BulkAction, Plan
from app.jobs.states import Status

_Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME, pattern=NAME)]
_Digest = Annotated[str, StringConstraints(pattern=DIGEST)]
_Text = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_TEXT), Field(json_schema_extra={"pattern": STORABLE})
]


class BulkFilter(RequestBody):
    """Which jobs; an empty filter finds all. It is the filter of the list."""

    status: list[Status] | None = Field(default=None, min_length=1, description=STATUS)
    type: _Name | None = Field(default=None, description=TYPE)
    stage: _Name | None = Field(default=None, description=STAGE)
    created_by: Literal["me"] | UUID | None = Field(default=None, description=CREATED_BY)
    schedule_id: UUID | None = Field(default=None, description=SCHEDULE_ID)
    fingerprint: _Digest | None = Field(default=None, description=FINGERPRINT)
    text: _Text | None = Field(default=None, description=TEXT)


def _confirms(field: str, type: str) -> dict[str, Any]:
    return {"required": [field], "properties": {field: {"type": type}}}


class BulkRequest(RequestBody):
    """Which jobs, and what the caller has seen of them."""

    # That one of them is needed is checked where the answer can name it; programs read it here.
    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["dry_run"], "properties": {"dry_run": {"const": True}}},
                _confirms("digest", "string"),
                _confirms("expected_count", "integer"),
            ]
        }
    )

    filter: BulkFilter = Field(description="Which jobs.")
    dry_run: bool = Field(default=False, strict=True, description="Count them, and change nothing.")
    digest: _Digest | None = Field(
        default=None, description="Only if the chosen jobs are still these: `digest` of the dry run."
    )
    expected_count: int | None = Field(
        default=None,
        ge=0,
        le=2**31 - 1,
        strict=True,
        description="Only if so many jobs are chosen: `chosen` of the dry run.",
    )
    reason: Reason | None = Field(default=None, description="Kept in the audit trail of each job.")


class ControlJobs(BulkRequest):
    """An action on all jobs that a filter finds."""

    action: Action = Field(description="What to do.")


class BulkResult(ResponseBody):
    """What was found, and what was done."""

    action: BulkAction = Field(description="What was asked for.")
    dry_run: bool = Field(description="Whether nothing was to be changed.")
    matched: dict[str, int] = Field(description="Jobs that the filter finds, by status.")
    chosen: int = Field(ge=0, description="Those that the action can be done to, by the caller.")
    illegal: int = Field(ge=0, description="Those that are skipped because their status does not allow it.")
    forbidden: int = Field(ge=0, description="Those that are skipped because they belong to somebody else.")
    digest: str = Field(description="The fingerprint of the action and the chosen jobs.")
    done: int = Field(ge=0, description="Jobs that it was done to. Less than `chosen` when some changed meanwhile.")

    @classmethod
    def of(cls, plan: Plan, *, dry_run: bool, done: int) -> "BulkResult":
        """Show ``plan`` and what came of it."""
        return cls(
            action=plan.action,
            dry_run=dry_run,
            matched={status.value: plan.matched[status] for status in Status if status in plan.matched},
            chosen=len(plan.chosen),
            illegal=plan.illegal,
            forbidden=plan.forbidden,
            digest=plan.digest,
            done=done,
        )
