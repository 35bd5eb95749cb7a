"""What the address of a list asks for: its filters, and where its page begins."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from app.api.deps import MOST
from app.api.json_body import text_fault
from app.auth.user import User
from app.jobs.listing import JobFilter
from app.jobs.registry import Registry
from app.jobs.states import Status
from app.problems import InvalidRequest

#: What the creator filter says for jobs of whoever looks.
ME = "me"


def _storable(text: str) -> str:
    fault = text_fault(text)
    if fault:
        raise ValueError(fault)
    return text.strip()


def _without_empty(values: Any) -> Any:
    return [value for value in values if value != ""] if isinstance(values, list) else values


Text = Annotated[str, Field(max_length=200), AfterValidator(_storable)]


class Asked(BaseModel):
    """The query of a list. An empty value is none, since a form sends all of its fields.

    ``seen`` are the jobs that a page shows which is to be brought up to date.
    """

    model_config = ConfigDict(frozen=True)

    status: Annotated[list[Status], BeforeValidator(_without_empty)] = Field(default_factory=list)
    type: Text = ""
    stage: Text = ""
    creator: Text = ""
    text: Text = ""
    schedule: Text = ""
    fingerprint: Text = ""
    seen: list[UUID] = Field(default_factory=list, max_length=MOST)
    after: Annotated[str, Field(max_length=500, pattern="^[A-Za-z0-9_-]*$")] = ""

    def filters(self, user: User, registry: Registry) -> JobFilter:
        """Return the filter of the list, as ``user`` means it.

        Raises:
            UnknownJobType: no type has this name.
            InvalidRequest: the creator or the schedule is no id.
        """
        return JobFilter(
            status=tuple(dict.fromkeys(self.status)),
            type=registry.resolve(self.type).name if self.type else None,
            stage=self.stage or None,
            created_by=user.id if self.creator == ME else _id(self.creator, "creator"),
            schedule_id=_id(self.schedule, "schedule"),
            fingerprint=self.fingerprint or None,
            text=self.text or None,
        )

    @property
    def narrows(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.query())

    def query(self, **changes: Any) -> str:
        """Return the query of the same list with ``changes``; it begins with a question mark unless it is empty.

        The page begins anew unless ``after`` is among the changes.
        """
        values = {**self.model_dump(mode="json", exclude={"after", "seen"}), **changes}
        pairs = [
            (name, item)
            for name, value in values.items()
            for item in (value if isinstance(value, list) else [value])
            if item
        ]
        return f"?{urlencode(pairs)}" if pairs else ""


def _id(text: str, what: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidRequest(f"The {what} of the filter is not an id.") from None


AskedQuery = Annotated[Asked, Query()]
