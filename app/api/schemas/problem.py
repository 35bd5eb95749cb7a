"""Problem details, as the OpenAPI document describes them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.jobs.states import Event, Status


class FieldError(BaseModel):
    """What is wrong with one field of a request."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid")

    place: str = Field(
        alias="in",
        description="Where the field is.",
        json_schema_extra={"enum": ["body", "path", "query", "header"]},
    )
    field: str = Field(description="The field's name; dots lead into objects and lists. Empty: the body itself.")
    message: str = Field(description="What is wrong with it.")
    value: str | int | float | bool | None = Field(default=None, description="The value, where showing it helps.")


class ProblemDocument(BaseModel):
    """Why a request could not be done (RFC 9457). `code` is stable; programs decide by it."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(description="Address of the problem's entry in the catalogue: cause and way out.")
    title: str = Field(description="The kind of problem in a few words; the same for every occurrence.")
    status: int = Field(ge=400, le=599, description="The HTTP status.")
    detail: str = Field(description="What happened this time.")
    code: str = Field(description="The kind of problem, for programs.")
    instance: str = Field(description="The path of the request.")
    request_id: str = Field(description="The id of the request, as in the header `X-Request-ID` and in the logs.")
    errors: list[FieldError] | None = Field(default=None, description="The invalid fields, when there are any.")
    current_status: Status | None = Field(default=None, description="The job's status, when it is in the way.")
    allowed_actions: list[Event] | None = Field(default=None, description="What can be done to the job now.")
    count: int | None = Field(default=None, description="Jobs that the filter finds for the action now.")
    digest: str | None = Field(default=None, description="The fingerprint of these jobs, to confirm them.")


def problem_schema() -> dict[str, Any]:
    """Return the JSON Schema of a problem document; members that are absent are never null."""
    schema = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    for definition in (schema, *schema.get("$defs", {}).values()):
        for member in definition.get("properties", {}).values():
            options = member.get("anyOf")
            if options:
                kept = [option for option in options if option.get("type") != "null"]
                member.pop("default", None)
                if len(kept) == 1:
                    del member["anyOf"]
                    member.update(kept[0])
                else:
                    member["anyOf"] = kept
    return schema
