"""Types of Python blocks: the blocks of a page are one module, which mypy checks with the project's code beside it."""

import doctest
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from trueup.config import Config
from trueup.errors import TrueupError
from trueup.examples.story import Kind, Step, read_story
from trueup.findings import Finding
from trueup.outcome import CheckResult
from trueup.pages import Page
from trueup.plugins import load_plugins
from trueup.scratch import scratch_folder

_SECONDS = 300.0
_ERROR = re.compile(r"(?P<file>[^:]+):(?P<line>\d+): error: (?P<text>.*)")
_CONFIGURATION = """[mypy]
mypy_path = {path}
cache_dir = {cache}
explicit_package_bases = True
namespace_packages = True
check_untyped_defs = True
ignore_missing_imports = True
follow_imports = silent
allow_redefinition = True
pretty = False
show_error_codes = True
{plugins}
"""


def run(config: Config, root: Path, pages: Sequence[Page]) -> CheckResult:
    """Check the Python blocks of `pages`. Raises `TrueupError` when mypy is not installed or does not end."""
    plugins = load_plugins(config, root)
    modules: dict[str, Page] = {}
    counted = 0
    with scratch_folder() as scratch:
        for number, page in enumerate(pages):
            steps = [step for step in read_story(page, plugins).steps if step.kind in {Kind.PYTHON, Kind.PROMPTS}]
            if steps:
                counted += len(steps)
                name = f"page_{number}.py"
                modules[name] = page
                (scratch / name).write_text(_module(steps), encoding="utf-8")
        findings = list(_mypy(root, scratch, modules)) if modules else []
    return CheckResult(tuple(sorted(set(findings))), counted)


def _module(steps: Sequence[Step]) -> str:
    """The blocks on the lines on which they stand in the page, blank lines between."""
    lines: list[str] = []
    for step in steps:
        for number, text in _code(step):
            lines += [""] * (number - len(lines) - 1)
            lines.append(text)
    return "\n".join([*lines, ""])


def _code(step: Step) -> Iterator[tuple[int, str]]:
    first = step.block.line + 1
    if step.kind is Kind.PYTHON:
        yield from enumerate(step.block.source.splitlines(), first)
        return
    try:
        examples = doctest.DocTestParser().get_examples(step.block.source)
    except ValueError:
        return  # running the block says what is wrong with it
    for example in examples:
        if example.exc_msg is None:
            yield from enumerate(example.source.splitlines(), first + example.lineno)


def _mypy(root: Path, scratch: Path, modules: dict[str, Page]) -> Iterator[Finding]:
    if find_spec("mypy") is None:
        raise TrueupError("the types of Python blocks are checked by mypy, which is not installed; install it")
    configuration = scratch / "mypy.ini"
    folders = [root, *(Path(place) for place in sys.path if place and _inside(Path(place), root))]
    configuration.write_text(
        _CONFIGURATION.format(
            path=":".join(dict.fromkeys(str(folder) for folder in folders)),
            cache=root / ".trueup" / "cache" / "mypy",
            plugins="plugins = pydantic.mypy" if find_spec("pydantic.mypy") else "",
        ),
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "mypy", "--config-file", str(configuration), "--no-error-summary", *modules]
    try:
        result = subprocess.run(
            command,
            cwd=scratch,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise TrueupError(f"mypy did not end within {_SECONDS:g} s") from None
    if result.returncode not in {0, 1}:
        raise TrueupError(f"mypy ended with status {result.returncode}: {(result.stderr or result.stdout).strip()}")
    for line in result.stdout.splitlines():
        match = _ERROR.match(line)
        page = modules.get(match["file"]) if match else None
        if match and page:
            yield Finding(page.path, int(match["line"]), "example-types", f"python block: {match['text']}")


def _inside(folder: Path, root: Path) -> bool:
    return folder.is_relative_to(root) and "site-packages" not in folder.parts
