"""A process that has imported the service's modules and forks a service whenever asked. Run as a file, by `python -P`.

Most of a service's start is importing; forked, it starts at once. Reads one JSON object a line from descriptor
`argv[1]`: `argv`, `env`, `cwd`, `log`. Answers on descriptor `argv[2]` with `{"pid": …}` for each, or `{"error": …}`,
and later with `{"pid": …, "status": …}` when one has ended. The further arguments are the command's name and the
modules to import; of `module:function`, the function is called too.
"""

import gc
import importlib
import importlib.metadata
import json
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

_CHUNK = 65536


def main() -> None:
    """Import, then fork on request until the descriptor closes. In a fork, become the service."""
    requests, answers = int(sys.argv[1]), int(sys.argv[2])
    run: Callable[[], object] | None = None
    trouble = ""
    try:
        (entry,) = importlib.metadata.entry_points(group="console_scripts", name=sys.argv[3])
        for name in sys.argv[4:]:
            module, _, function = name.partition(":")
            imported = importlib.import_module(module)
            if function:
                getattr(imported, function)()
        run = entry.load()
    except Exception as error:  # whatever a module raises at import is told to the asker
        trouble = f"{type(error).__name__}: {error}"
    if threading.active_count() > 1:
        trouble = "a module starts threads when it is imported, so it cannot be forked"
    gc.freeze()
    request = _serve(requests, answers, trouble)
    if request is not None and run is not None:
        _become(request)
        sys.exit(run())  # type: ignore[arg-type] # as the script that pip writes has it


def _serve(requests: int, answers: int, trouble: str) -> dict[str, Any] | None:
    """Answer requests. Returns in a fork, with what it is to become, and without anything at the end."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)

    def answer(content: dict[str, Any]) -> None:
        os.write(answers, json.dumps(content).encode() + b"\n")

    waiting = b""
    while True:
        ready, _, _ = select.select([requests, woken], [], [])
        if woken in ready:
            os.read(woken, _CHUNK)
            while (ended := _ended()) is not None:
                answer(ended)
        if requests in ready:
            piece = os.read(requests, _CHUNK)
            if not piece:
                return None
            waiting += piece
        while b"\n" in waiting:
            line, _, waiting = waiting.partition(b"\n")
            if trouble:
                answer({"error": trouble})
                continue
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for number in (requests, answers, woken, wake):
                    os.close(number)
                return dict(json.loads(line))
            answer({"pid": pid})


def _ended() -> dict[str, Any] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return {"pid": pid, "status": os.waitstatus_to_exitcode(status)} if pid else None


def _become(request: dict[str, Any]) -> None:
    """Be like a process that was started anew with this command line and environment."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = list(request["argv"])


if __name__ == "__main__":
    main()
