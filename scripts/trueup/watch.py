"""`trueup check --watch`: checks a page again as it is saved, and all pages when anything else is.

Each check is a process of its own, forked from one that has imported trueup and never the project: so it starts at
once, sees the code as it is now, and takes nothing down with it.
"""

import multiprocessing
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from time import perf_counter

from watchfiles import Change, DefaultFilter
from watchfiles import watch as changes_in

from trueup import config as configuration
from trueup import report as reports
from trueup.errors import TrueupError
from trueup.memory import Memory
from trueup.nouns import counted
from trueup.project import read_section
from trueup.scope import Scope
from trueup.terminal import terminal
from trueup.tree import OWN

_QUIET_MILLISECONDS = 100
_LOOK_MILLISECONDS = 200
_FAREWELL_SECONDS = 3

_PRELOADED = ["trueup.watch", "trueup.check", "trueup.gather", "trueup.examples.run"]
"""What a check imports, apart from the project."""


def watch(root: Path, paths: Sequence[str], examples: bool) -> int:
    """Check `paths` (all pages when there are none) again and again until interrupted; the status of the last check.

    A saved page is held against the facts at once; then its examples are played, unless not wanted. Where something
    else is saved, no examples are played.
    """
    watcher = _Watcher(root, paths, examples)
    try:
        return watcher.run()
    except KeyboardInterrupt:
        return watcher.close()


class _Filter(DefaultFilter):
    """Leaves out what tools and runs make, and files that an editor is about to rename."""

    def __init__(self, root: Path) -> None:
        super().__init__(ignore_dirs=[*DefaultFilter.ignore_dirs, OWN])
        self._site = root / str(read_section(root).get("site", "site"))

    def __call__(self, change: Change, path: str) -> bool:
        hidden = Path(path).name.startswith(".")
        return not hidden and not Path(path).is_relative_to(self._site) and super().__call__(change, path)


class _Watcher:
    def __init__(self, root: Path, paths: Sequence[str], examples: bool) -> None:
        self._root, self._paths, self._examples = root, list(paths), examples
        self._console = terminal()
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_PRELOADED)
        self._checking: ForkServerProcess | None = None
        self._playing: ForkServerProcess | None = None
        self._status = 0

    def run(self) -> int:
        """Watch until interrupted."""
        # Before the first check, so that what is saved during it is not missed.
        changes = changes_in(
            self._root,
            watch_filter=_Filter(self._root),
            debounce=_QUIET_MILLISECONDS,
            rust_timeout=_LOOK_MILLISECONDS,
            yield_on_timeout=True,
            raise_interrupt=True,
        )
        next(changes)
        self._check(Scope(self._paths, examples=False, links=False), "all pages")
        self._console.print("Watching. Saved pages are checked again; Ctrl+C ends it.", highlight=False)
        for found in changes:
            self._look()
            if found:
                self._renew(sorted({Path(path) for _, path in found}))
        return self._status

    def close(self) -> int:
        """End a check that is on its way; the status of the last one that came to its end."""
        self._stop()
        if self._checking is not None:
            # It may have told its result just now.
            self._checking.join(_FAREWELL_SECONDS)
            if self._checking.exitcode is None:
                self._checking.terminate()
                self._checking.join()
            elif self._checking.exitcode >= 0:
                self._status = self._checking.exitcode if self._checking.exitcode in {0, 1} else 2
        return self._status

    def _renew(self, changed: Iterable[Path]) -> None:
        self._stop()
        docs = self._root / self._docs()
        pages: list[str] = []
        for path in changed:
            name = path.relative_to(self._root).as_posix()
            if path.suffix != ".md" or not path.is_relative_to(docs) or not path.is_file():
                self._check(Scope(self._paths, examples=False, links=False), f"{name} changed; all pages")
                return
            if not self._paths or any(f"{name}/".startswith(f"{wanted.rstrip('/')}/") for wanted in self._paths):
                pages.append(name)
        if not pages:
            return
        status = self._check(Scope(pages, examples=False, links=False), ", ".join(pages))
        if self._examples and status != 2:
            self._playing = self._start(Scope(pages, links=False), "with examples")

    def _docs(self) -> str:
        try:
            return str(read_section(self._root).get("docs", "docs"))
        except TrueupError:
            # Half-saved; the check says so.
            return "docs"

    def _check(self, scope: Scope, what: str) -> int:
        self._checking = process = self._start(scope, what)
        process.join()
        self._status = process.exitcode if process.exitcode in {0, 1} else 2
        self._checking = None
        return self._status

    def _start(self, scope: Scope, what: str) -> ForkServerProcess:
        process = self._context.Process(target=check_once, args=(self._root, scope, what))
        process.start()
        return process

    def _look(self) -> None:
        """Take note of examples that have been played to their end."""
        if self._playing is not None and self._playing.exitcode is not None:
            self._status = max(self._status, self._playing.exitcode if self._playing.exitcode in {0, 1} else 2)
            self._playing = None

    def _stop(self) -> None:
        if self._playing is not None:
            self._playing.terminate()
            self._playing.join()
            self._playing = None


def check_once(root: Path, scope: Scope, what: str) -> None:
    """Check in this process, print what was found in few lines, and exit with the status of `trueup check`."""
    from trueup.check import Run

    console = terminal(soft_wrap=True)
    started = perf_counter()
    try:
        config = configuration.load(root)
        memory = Memory.open(root, config.site.as_posix())
        report = Run(config, root, scope, lambda *_: None, lambda: datetime.now(UTC), memory).execute()
    except KeyboardInterrupt:
        # Whoever ends the watch ends this too.
        sys.exit(2)
    except TrueupError as error:
        console.print(f"trueup: {error}", highlight=False, markup=False)
        sys.exit(2)
    reports.print_findings(report.findings, console)
    count = len(report.findings)
    found = "no findings" if not count else "1 finding" if count == 1 else f"{count} findings"
    examples = sum(entry.examples for entry in report.pages.values())
    played = f", {counted(examples, 'example')}" if scope.examples else ""
    console.print(
        f"{what}: {found}{played} ({perf_counter() - started:.1f} s)",
        highlight=False,
        markup=False,
        style="red" if count else "green",
    )
    sys.exit(1 if count else 0)
