"""Runs the Python blocks of one page in one interpreter. Run as a file, by `python -P`, so it imports nothing of ours.

Reads one JSON object a line from descriptor `argv[1]`: `source`, `path` and `line` (of the block's first line in the
page), `env` (variables of the page's shell). Runs it, and answers on descriptor `argv[2]` with `ok` and, for a block
of `>>>` prompts, with its `transcript`. What the block prints goes where this process prints.
"""

import contextlib
import doctest
import io
import json
import linecache
import os
import sys
import traceback
from types import TracebackType
from typing import Any


def main() -> None:
    """Answer requests until the descriptor closes."""
    requests, answers = (os.fdopen(int(number), mode) for number, mode in zip(sys.argv[1:], "rw", strict=True))
    sys.argv = [""]
    sys.path.insert(0, "")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for request in requests:
        answer = run(json.loads(request), namespace)
        sys.stdout.flush()
        sys.stderr.flush()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def run(request: dict[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Run one block in `namespace`."""
    os.environ.update(request["env"])
    source, path, line = request["source"], request["path"], request["line"]
    if source.lstrip().startswith(">>>"):
        return _run_prompts(source, path, line, namespace)
    return {"ok": _execute(source, path, line, "exec", namespace)}


def _run_prompts(source: str, path: str, line: int, namespace: dict[str, Any]) -> dict[str, Any]:
    """Run a block of prompts, and answer with it as it would stand with the real outputs."""
    transcript: list[str] = []
    ok = True
    try:
        examples = doctest.DocTestParser().get_examples(source)
    except ValueError as error:
        return {"ok": False, "transcript": f"{error}\n"}
    for example in examples:
        first, *more = example.source.splitlines()
        transcript += [f">>> {first}", *(f"... {text}" for text in more)]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            fine = _execute(example.source, path, line + example.lineno, "single", namespace)
        # A documented exception is part of the example, an undocumented one ends it.
        ok = fine or example.exc_msg is not None
        transcript += _shorten(printed.getvalue(), example.exc_msg)
        if not ok:
            break
    return {"ok": ok, "transcript": "".join(f"{text}\n" for text in transcript)}


def _shorten(printed: str, documented: str | None) -> list[str]:
    """The lines printed; of a documented exception the first line and the message, as doctest has it."""
    lines = printed.splitlines()
    if documented is None or not lines or not lines[0].startswith("Traceback"):
        return lines
    return [lines[0], "    ...", *(text for text in lines[1:] if not text.startswith(" "))]


def _execute(source: str, path: str, line: int, mode: str, namespace: dict[str, Any]) -> bool:
    # Blank lines before it make the interpreter count lines as the page does.
    text = "\n" * (line - 1) + source
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    try:
        exec(compile(text, path, mode), namespace)  # noqa: S102 (running the page's code is the purpose)
    except SystemExit as error:
        if error.code not in {None, 0}:
            print(f"SystemExit: {error.code}", file=sys.stderr)  # noqa: T201
        return error.code in {None, 0}
    except BaseException as error:  # whatever the page's code raises is its own affair
        traceback.print_exception(type(error), error, _inside(error.__traceback__))
        return False
    return True


def _inside(trace: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that is the page's, without ours."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


if __name__ == "__main__":
    main()
