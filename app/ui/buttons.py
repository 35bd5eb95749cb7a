"""The buttons of a job: which of them a person can press now, and why not the others.

One function decides for job, role and owner. The pages show what it says, and the documentation's table of buttons is
made of it.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.auth.control import ACTION_PERMISSIONS
from app.auth.permissions import Permission, Role, Scope, reaches, scope
from app.jobs.model import Job, Request, Standing, guard_holds
from app.jobs.states import Event, Status, sources, target


class Button(StrEnum):
    """What can be pressed on the page of a job."""

    PAUSE = Event.PAUSE.value
    RESUME = Event.RESUME.value
    CANCEL = Event.CANCEL.value
    RETRY = Event.RETRY.value
    RUN_AGAIN = "run_again"
    FORCE_FAIL = Event.FORCE_FAIL.value
    DELETE = "delete"

    @property
    def label(self) -> str:
        """What stands on the button."""
        return self.value.replace("_", " ").capitalize()

    @property
    def path(self) -> str:
        """What the address of the action ends with."""
        return self.value.replace("_", "-")

    @property
    def meaning(self) -> str:
        """One sentence for who is about to press it."""
        return _MEANINGS[self]

    @property
    def event(self) -> Event | None:
        """What happens to the job; None: nothing that the transition table knows."""
        return Event(self.value) if self.value in ACTION_PERMISSIONS else None

    @property
    def permission(self) -> Permission:
        """What the person must be allowed."""
        if self.event:
            return ACTION_PERMISSIONS[self.event]
        return Permission.JOBS_DELETE if self is Button.DELETE else Permission.JOBS_CREATE

    @property
    def confirmed(self) -> bool:
        """Whether a page asks once more, because something is lost."""
        return self in {Button.CANCEL, Button.FORCE_FAIL, Button.DELETE}


_MEANINGS = {
    Button.PAUSE: "Stops the job for a while; its progress is kept.",
    Button.RESUME: "Lets the job go on from where it stopped.",
    Button.CANCEL: "Stops the job for good; what it has done stays done.",
    Button.RETRY: "Lets the job go on from its last checkpoint, with all its attempts.",
    Button.RUN_AGAIN: "Opens the form for a new job, filled with the payload of this one.",
    Button.FORCE_FAIL: "Ends the job as failed at once, whatever its worker does.",
    Button.DELETE: "Removes the job with its audit trail and its checkpoints.",
}


@dataclass(frozen=True)
class Offer:
    """A button for one job and one person; ``reason`` says why it cannot be pressed, None: it can."""

    button: Button
    reason: str | None

    @property
    def open(self) -> bool:
        """Whether it can be pressed."""
        return self.reason is None


def offer(button: Button, job: Job | Standing, role: Role, *, own: bool) -> Offer:
    """Decide whether somebody with ``role`` can press ``button`` on ``job``; ``own``: they created it."""
    return Offer(button, _not_allowed(button, role, own=own) or _not_possible(button, job))


def offers(job: Job | Standing, role: Role, *, own: bool) -> list[Offer]:
    """Return all buttons of a job."""
    return [offer(button, job, role, own=own) for button in Button]


def _not_allowed(button: Button, role: Role, *, own: bool) -> str | None:
    # A new job is one's own, whoever created the job that it is like.
    if reaches(role, button.permission, own=own or button is Button.RUN_AGAIN):
        return None
    if scope(role, button.permission) is Scope.OWN:
        return "Somebody else created this job, and your role reaches own jobs only."
    return f"Your role, {role}, may not do this."


def _not_possible(button: Button, job: Job | Standing) -> str | None:
    event = button.event
    if event is None:
        return None
    if target(job.status, event) is None:
        return f"The job is {job.status}; this is for jobs that are {_either(sources(event))}."
    if not guard_holds(job, event):
        return (
            "The job is about to be cancelled."
            if job.control_request is Request.CANCEL
            else "Nobody has paused the job."
        )
    return None


def _either(statuses: tuple[Status, ...]) -> str:
    *others, last = statuses
    return f"{', '.join(others)} or {last}" if others else str(last)
