"""What a run is doing now, shown on a terminal while it does it."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trueup.terminal import terminal

Progress = Callable[[str], None]
"""Is told what a run is doing now."""

_NAMED = 2
"""Pages that are named at a time; the others are counted."""


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Shows what is being done, and for how long, on a terminal; not in CI, nor in a file."""
    console = terminal(stderr=True)
    if not console.is_terminal or os.environ.get("CI"):
        yield lambda _: None
        return
    # Imported for terminals only: an answer from memory comes without.
    from rich.progress import Progress as Display
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    what = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
    with Display(SpinnerColumn(), TimeElapsedColumn(), what, console=console, transient=True) as display:
        task = display.add_task("")
        yield lambda text: display.update(task, description=text)


class Playing:
    """Tells which pages are being played, and how many acts of all have been. Several threads may use it."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total = progress, total
        self._done = 0
        self._now: list[str] = []
        self._lock = threading.Lock()

    @contextmanager
    def act(self, name: str) -> Iterator[None]:
        """One act (`docs/page.md:41`), for as long as it is played."""
        with self._lock:
            self._now.append(name)
            self._tell()
        try:
            yield
        finally:
            with self._lock:
                self._now.remove(name)
                self._done += 1
                self._tell()

    def _tell(self) -> None:
        names = ", ".join(self._now[:_NAMED])
        more = f" and {len(self._now) - _NAMED} more" if len(self._now) > _NAMED else ""
        self._progress(f"examples: {self._done} of {self._total} played{'; now ' if names else ''}{names}{more}")
