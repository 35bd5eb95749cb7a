"""Work that keeps a processor busy, in a process of its own.

In the worker's process it would stop the event loop, and with it the heartbeats that keep the leases alive.
"""

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import anyio
from anyio import to_process
from anyio.lowlevel import RunVar

from app.jobs.retry import PermanentError, TransientError

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

#: One piece of work that takes longer is ended.
MOST_SECONDS = 300

_places: RunVar[anyio.CapacityLimiter] = RunVar("_places")


async def in_process(work: Callable[[*Arguments], T], *arguments: *Arguments, seconds: float = MOST_SECONDS) -> T:
    """Call ``work``, a function of a module, in another process; its arguments and its result must pickle.

    A job that loses its lease, or a worker that ends, ends that process too. As many run at once as there are
    processors; waiting for a place does not count as working.

    Raises:
        PermanentError: the work took more than ``seconds``.
        TransientError: the process died, as one does that the system takes for the cause of a lack of memory.
        Exception: what ``work`` raises.
    """
    async with _limiter():
        try:
            with anyio.fail_after(seconds):
                return await to_process.run_sync(work, *arguments, cancellable=True, limiter=anyio.CapacityLimiter(1))
        except TimeoutError:
            raise PermanentError(f"The work took more than {seconds:g} seconds and was ended.") from None
        except anyio.BrokenWorkerProcess as error:
            raise TransientError("The process that did the work died; the machine may be short of memory.") from error


def _limiter() -> anyio.CapacityLimiter:
    try:
        return _places.get()
    except LookupError:
        places = anyio.CapacityLimiter(to_process.current_default_process_limiter().total_tokens)
        _places.set(places)
        return places
