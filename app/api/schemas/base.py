"""What all bodies have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class RequestBody(BaseModel):
    """A body that callers send; a member that is not declared is an error, not a typing mistake passed over."""

    model_config = ConfigDict(extra="forbid")


class ResponseBody(BaseModel):
    """A body that the service answers with."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


#: Text that can be stored: the body's reader refuses NUL everywhere; this says so in the schema.
STORABLE = r"^[^\u0000]*$"

#: Why somebody does something; kept in the audit trail.
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500), Field(json_schema_extra={"pattern": STORABLE})]
