"""The words of the OpenAPI document that belong to no single operation."""

from typing import Any

TITLE = "Reference job service"
SUMMARY = "Long work as jobs: created over HTTP, done by workers, controlled and watched by people."
DESCRIPTION = """
Create a job, watch it, pause, resume, cancel or retry it. The list of jobs is the truth; a queue only hands their ids
to workers.

**Access.** Create the first admin once with `POST /api/v1/setup`, sign in with `POST /api/v1/auth/login`, and send the
token as `Authorization: Bearer …`. Each operation names the permission that it asks for as `x-permission`.

**Problems** are answered as `application/problem+json` (RFC 9457). Decide by `code`, which is stable; each operation
lists the codes that it can answer as `x-problems`.

**Lists** come in pages: send `next_cursor` of one page as `cursor` of the next, with the same filters.

**Times** are in UTC (ISO 8601).
""".strip()

TAGS: list[dict[str, Any]] = [
    {"name": "Access", "description": "The first admin, signing in, and users."},
    {"name": "Jobs", "description": "Creating jobs and looking at them."},
    {"name": "Control", "description": "What people do to jobs. `allowed_actions` of a job says what is open now."},
    {"name": "Schedules", "description": "Jobs that are created at certain times, by themselves."},
    {"name": "Files", "description": "Files that jobs read."},
    {"name": "Households", "description": "What imports and geocoding have made."},
    {"name": "Documents", "description": "What the jobs that process documents have made."},
    {"name": "Plays", "description": "What the jobs that parse plays have made."},
    {"name": "Webhooks", "description": "Other services that are told of ends of jobs."},
    {"name": "Service", "description": "Health, metrics and the inside of the queue."},
]

SECURITY: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The `access_token` of `POST /api/v1/auth/login`.",
    }
}

#: Headers of answers besides those of single operations.
REQUEST_ID_HEADER: dict[str, Any] = {
    "description": "The id of the request: the caller's own when it is a plain one, else a new one. Logs carry it too.",
    "required": True,
    "schema": {"type": "string"},
    "example": "5c0f6a1e9b7d4e2f8a3b1c2d4e5f6071",
}
RETRY_AFTER_HEADER: dict[str, Any] = {
    "description": "Seconds after which to try again.",
    "required": True,
    "schema": {"type": "integer"},
    "example": 5,
}
WWW_AUTHENTICATE_HEADER: dict[str, Any] = {
    "description": "The scheme in which to send a token.",
    "required": True,
    "schema": {"type": "string"},
    "example": "Bearer",
}
