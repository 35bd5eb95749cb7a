"""`console` blocks: commands after a `$ ` prompt, each followed by what it prints."""

from dataclasses import dataclass

_PROMPT, _MORE = "$ ", "> "


@dataclass(frozen=True)
class Command:
    """One command of a transcript: its lines as shown, the code they mean, and the line it stands on (from 0)."""

    shown: tuple[str, ...]
    code: str
    line: int


def commands(source: str) -> list[Command]:
    """The commands of a transcript, in order.

    A command goes on over lines that follow a trailing backslash or start with `> `.
    """
    found: list[Command] = []
    lines = source.splitlines()
    index = 0
    while index < len(lines):
        if not lines[index].startswith(_PROMPT):
            index += 1
            continue
        first = index
        code = [lines[index].removeprefix(_PROMPT)]
        index += 1
        while index < len(lines) and (code[-1].endswith("\\") or lines[index].startswith(_MORE)):
            code.append(lines[index].removeprefix(_MORE))
            index += 1
        found.append(Command(tuple(lines[first:index]), "\n".join(code) + "\n", first))
    return found


def without_blank_lines(text: str) -> str:
    """A transcript as it is compared: blank lines between commands are for the reader."""
    return "".join(f"{line}\n" for line in text.splitlines() if line.strip())
