"""When a failed attempt is tried again, and how long to wait before it."""

from dataclasses import dataclass
from datetime import timedelta

import psycopg
import sqlalchemy.exc

from app.problems import Problem

#: The HTTP status of problems that pass by themselves.
_UNAVAILABLE = 503


class TransientError(Exception):
    """A handler raises this when the same work may succeed later: a store is away, a provider is busy."""


class AttemptTimedOut(TransientError):
    """An attempt took longer than its job type allows. The next one goes on from the last step."""


class PermanentError(Exception):
    """A handler raises this when trying again cannot help: the input is wrong, a needed thing does not exist."""


#: What a job waits that met a process which does not know its type: another may.
UNKNOWN_TYPE_WAIT = timedelta(minutes=1)

#: Errors that are worth another attempt. Everything else is permanent: an unknown error repeated is a bug repeated.
TRANSIENT: tuple[type[BaseException], ...] = (
    TransientError,
    ConnectionError,
    TimeoutError,
    psycopg.OperationalError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    OSError,
)


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how soon a job type is tried again after a transient error.

    The delay before retry ``n`` (counted from 1) is ``base_seconds * factor ** (n - 1)``, at most ``cap_seconds``,
    shortened by up to ``jitter`` (a fraction from 0 to 1) so that jobs that failed together do not return together.
    """

    max_retries: int = 3
    base_seconds: float = 5.0
    factor: float = 2.0
    cap_seconds: float = 600.0
    jitter: float = 0.2

    def delay(self, retry: int, chance: float) -> timedelta:
        """Return the delay before retry number ``retry``; ``chance`` is a random number in [0, 1)."""
        # The exponent is bounded: beyond 64 doublings every cap is reached, and a float would overflow.
        seconds = min(self.cap_seconds, self.base_seconds * self.factor ** min(retry - 1, 64))
        return timedelta(seconds=seconds * (1 - self.jitter * chance))


def is_transient(error: BaseException) -> bool:
    """Tell whether another attempt may succeed."""
    if isinstance(error, Problem):
        return error.status == _UNAVAILABLE
    # SQLAlchemy puts the driver's error into one of its own classes, which says less.
    cause = getattr(error, "orig", None)
    transient = isinstance(error, TRANSIENT) or isinstance(cause, TRANSIENT)
    return transient and not isinstance(error, PermanentError | FileNotFoundError)
