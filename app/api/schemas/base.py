"""What all bodies have in common."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


class RequestBody(BaseModel):
    """A body that callers send; a member that is not declared is an error, not a typing mistake passed over."""

    model_config = ConfigDict(extra="forbid")


class ResponseBody(BaseModel):
    """A body that the service answers with."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


#: Text that can be stored: the body's reader refuses NUL everywhere; this says so in the schema.
STORABLE = r"^[^\u0000]*$"

#: RFC 3339, as the schema's format says; the model alone would take numbers and half a dozen other spellings.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)

#: Moments outside are moved to these ends, so that they can be reckoned with in every time zone.
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _written(value: Any) -> Any:
    if isinstance(value, str) and not _MOMENT.fullmatch(value):
        raise ValueError("Must be a date and time with its offset, such as 2026-03-02T09:15:00Z")
    if not isinstance(value, str | datetime):
        raise ValueError("Must be a string such as 2026-03-02T09:15:00Z")
    return value


def _reckonable(moment: datetime) -> datetime:
    return min(max(moment, _EARLIEST), _LATEST)


#: A moment that a caller names, with its offset from UTC.
Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_reckonable)]

#: Why somebody does something; kept in the audit trail.
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500), Field(json_schema_extra={"pattern": STORABLE})]
