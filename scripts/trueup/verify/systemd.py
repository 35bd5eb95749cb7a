"""Unit files of systemd: its sections, the settings in `Environment=`, and the project's commands in `Exec…=`."""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from trueup.commandline import CommandLines
from trueup.facts import Inventory
from trueup.verify import env
from trueup.verify.verdict import Fault

_SECTIONS = frozenset(
    {"Unit", "Service", "Install", "Timer", "Socket", "Path", "Mount", "Automount", "Swap", "Slice", "Scope"}
)
#: Variables of the system and of runtimes, which are nobody's setting.
_OTHERS = re.compile(
    r"TMPDIR|PATH|HOME|USER|LANG|LC_\w+|TZ|PYTHON\w+|LD_\w+|XDG_\w+|SSL_\w+|MALLOC_\w+|PG\w+|\w+_PROXY"
)
_EXEC = re.compile(r"Exec(?:Start|StartPre|StartPost|Condition|Reload|Stop|StopPost)")


def faults(source: str, models: Sequence[Any], facts: Inventory) -> Iterator[Fault]:
    """What is wrong with a unit file."""
    commands = CommandLines(facts)
    for number, line in _lines(source):
        if line.startswith("["):
            if line.strip("[]") not in _SECTIONS and not line.startswith("[X-"):
                mend = f"there are {', '.join(sorted(_SECTIONS))}"
                yield Fault(f"systemd has no section {line}", number, mend=mend)
            continue
        key, _, value = line.partition("=")
        if not re.fullmatch(r"[A-Z]\w*", key.strip()):
            yield Fault(f"{key.strip()} is no directive of systemd", number)
        elif key.strip() == "Environment":
            for fault in _environment(value, models):
                yield Fault(fault.message, number, fault.code, fault.mend)
        elif _EXEC.fullmatch(key.strip()):
            program, *rest = value.strip().lstrip("-@:+!|").split(maxsplit=1)
            answer = commands.resolve(" ".join([PurePosixPath(program).name, *rest]))
            if answer is not None and answer.wrong:
                yield Fault(answer.message, number, answer.code, answer.mend)


def _lines(source: str) -> Iterator[tuple[int, str]]:
    """Lines with a backslash at their end joined to the next; comments left out."""
    start, joined = 0, ""
    for number, line in enumerate(source.splitlines(), 1):
        if not joined and (not line.strip() or line.lstrip().startswith(("#", ";"))):
            continue
        start = start if joined else number
        joined += line.strip()
        if joined.endswith("\\"):
            joined = f"{joined[:-1].rstrip()} "
            continue
        yield start, joined
        joined = ""


def _environment(value: str, models: Sequence[Any]) -> Iterator[Fault]:
    try:
        pairs = [word.partition("=") for word in shlex.split(value)]
    except ValueError as error:
        yield Fault(f"Environment= cannot be read: {error}")
        return
    for name, equals, _ in pairs:
        if not equals:
            yield Fault(f"Environment= holds {name}, which is no NAME=value")
    own = {name: text for name, equals, text in pairs if equals and not _OTHERS.fullmatch(name)}
    yield from env.mapping_faults(own, models)
