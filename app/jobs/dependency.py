"""What becomes of a job when one that it waits for does not end well."""

from enum import StrEnum

from app.jobs.states import Status

#: Most jobs that one job can wait for.
MOST_DEPENDENCIES = 100


class DependencyPolicy(StrEnum):
    """What happens to a waiting job when a job that it waits for failed, was cancelled, or is gone."""

    FAIL = "fail"
    CANCEL = "cancel"
    RUN = "run"

    @property
    def meaning(self) -> str:
        """One sentence for who creates such a job."""
        return _MEANINGS[self]

    def is_met_by(self, status: Status | None) -> bool:
        """Tell whether a job in ``status`` (None: gone) need not be waited for any more."""
        return status is Status.COMPLETED or (self is DependencyPolicy.RUN and is_lost(status))


_MEANINGS = {
    DependencyPolicy.FAIL: "The waiting job fails, too.",
    DependencyPolicy.CANCEL: "The waiting job is cancelled, too.",
    DependencyPolicy.RUN: "It counts as done: the waiting job runs all the same.",
}


def is_lost(status: Status | None) -> bool:
    """Tell whether a job in ``status`` (None: gone) will not be completed unless a person retries it."""
    return status in {Status.FAILED, Status.CANCELLED, None}
