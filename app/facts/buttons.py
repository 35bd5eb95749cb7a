"""The buttons of the Jobs page: who can press which in which status, as the page itself decides it."""

from collections.abc import Iterator
from uuid import UUID

from app.auth.permissions import Role
from app.facts.fact import Fact, enum
from app.jobs.model import Request, Standing
from app.jobs.states import Status
from app.ui.buttons import Button, offer

#: What may have been asked of a job in a status.
_REQUESTS: dict[Status, tuple[Request | None, ...]] = {Status.PROCESSING: (None, *Request)}
_SOMEBODY, _NOBODY = UUID(int=1), (None,)


def collect_buttons() -> Iterator[Fact]:
    """Yield the buttons; for each role, a mapping from statuses to whose jobs the button is open for."""
    for member in enum("button", Button):
        button = Button(member["key"])
        yield member | {
            "title": button.label,
            "permission": button.permission.value,
            "confirmed": button.confirmed,
            **{role.value: {status.value: _whose(button, status, role) for status in Status} for role in Role},
        }


def _whose(button: Button, status: Status, role: Role) -> str | None:
    """Return for whose jobs in ``status`` a button is open to ``role``; None: for nobody's."""
    requests = _REQUESTS.get(status, _NOBODY)
    opened = {
        (own, request)
        for own in (True, False)
        for request in requests
        if offer(button, Standing(_SOMEBODY, status, request, _SOMEBODY), role, own=own).open
    }
    if not opened:
        return None
    whose = "all jobs" if any(not own for own, _ in opened) else "own jobs"
    asked = {request for _, request in opened}
    if asked == set(requests):
        return whose
    if asked == {Request.PAUSE}:
        return f"{whose} that are asked to pause"
    if asked == {None, Request.PAUSE}:
        return f"{whose} that are not asked to stop"
    raise ValueError(f"{button} is open to {role} for jobs that are {status} and asked to {asked}; find words for it")
