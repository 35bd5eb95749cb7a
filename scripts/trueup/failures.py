"""Failures: shell files, each of which brings one about in the service of a page's scene.

The first line of a file is a comment that says in one sentence what is wrong then. A file ends with a failing command
unless the failure has taken effect.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from trueup.errors import TrueupError
from trueup.facts import Fact, Inventory, closest
from trueup.findings import Finding
from trueup.pages import Directive, Page
from trueup.render.view import Rendered, Trouble
from trueup.scenes import FailureOptions, OptionError, read_options

KIND = "failure"
"""The kind of facts that failures are."""


def collect(root: Path, folder: Path | None) -> Iterator[Fact]:
    """A fact for each failure in `folder`: `summary` is its sentence, `script` the rest of the file.

    Raises `TrueupError` when the folder is missing, or a file does not begin with a comment.
    """
    if folder is None:
        return
    if not (root / folder).is_dir():
        raise TrueupError(f"{folder}: no such folder; correct tool.trueup.failures, or make it")
    for path in sorted((root / folder).glob("*.sh")):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#!")]
        sentence = lines[0].lstrip("# ").strip() if lines and lines[0].startswith("#") else ""
        if not sentence:
            raise TrueupError(f"{folder / path.name}:1: says nothing; begin it with a comment: what is wrong then")
        script = "\n".join(lines[1:]).strip("\n") + "\n"
        yield Fact(KIND, path.stem, {"summary": sentence, "script": script}, (folder / path.name).as_posix(), 1)


def unknown(name: str, names: Sequence[str]) -> tuple[str, str, str]:
    """Code, message and mend of the finding that `name` is none of the failures `names`."""
    close = closest(name, names)
    mend = f"did you mean {close}?" if close else f"there are: {', '.join(names) or 'none'}"
    return "failure-unknown", f"unknown failure {name}" if name else "no failure is named", mend


def show(directive: Directive, inventory: Inventory) -> Rendered:
    """What a reader sees where a scene begins: of one that treats a failure, which one, and how it is made."""
    try:
        options = read_options(directive)
    except OptionError as error:
        return Rendered(troubles=[Trouble(error.option, "block-option", str(error), "correct the option")])
    if directive.name != KIND:
        return Rendered()
    fact = inventory.get(KIND, directive.argument)
    if fact is None:
        names = [other.key for other in inventory.of_kind(KIND)]
        return Rendered(troubles=[Trouble("", *unknown(directive.argument, names))])
    own = isinstance(options, FailureOptions) and options.own
    name = f"`{fact.key}`" + (f"{{#{fact.anchor}}}" if own else "")
    env = ", ".join(f"`{key}={value}`" for key, value in options.env.items())
    with_env = f", which was started with {env}" if env else ""
    sentence = str(fact.attributes["summary"]).rstrip(".").replace('"', "'")
    body = [
        f"Every output of this section comes from a run with this failure: {name}. The script `{fact.file}` brought it "
        f"about before the first command, in a service of its own{with_env}:",
        "",
        "~~~~bash",
        *str(fact.attributes["script"]).splitlines(),
        "~~~~",
    ]
    lines = [f'??? failure "The service fails here: {_lowered(sentence)}"', *(f"    {line}".rstrip() for line in body)]
    return Rendered("\n".join(lines), [(fact, fact.anchor)] if own else [], [fact])


def untreated(pages: Iterable[Page], inventory: Inventory) -> Iterator[Finding]:
    """A finding for each failure that no page treats."""
    treated = {directive.argument for page in pages for directive in page.directives if directive.name == KIND}
    for fact in inventory.of_kind(KIND):
        if fact.key not in treated:
            message = f"failure {fact.key} is treated by no page"
            mend = f"write a section with /// failure | {fact.key}, or remove the file"
            yield Finding(fact.file, fact.line, "failure-untreated", message, mend)


def _lowered(sentence: str) -> str:
    """A sentence as the end of another one; a name in capitals stays."""
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]
