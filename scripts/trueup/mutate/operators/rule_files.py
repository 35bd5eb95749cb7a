"""Changes of facts that stand in YAML: thresholds, times, severities and names of alert rules."""

import re
from collections.abc import Iterator

from trueup.facts import Fact
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Edit, Expected, Mutant, Side

_YAML = (".yml", ".yaml")
_ITEM = re.compile(r"\s*- ")


def entries(ground: Ground) -> Iterator[Mutant]:
    """A scalar of the entry that declares a fact is another one."""
    for fact in ground.truth.inventory:
        if not fact.file.endswith(_YAML) or not fact.line or fact.kind == "file":
            continue
        for number, key, value in _scalars(ground, fact):
            other = _other(value)
            if key not in fact.attributes or other == value:
                continue
            yield _mutant(
                fact, f"{fact.kind} {_told(key)} changed", number, value, other, ground, ("fact-changed",), key
            )


def names(ground: Ground) -> Iterator[Mutant]:
    """A fact that an entry of YAML declares is renamed."""
    for fact in ground.truth.inventory:
        if fact.file.endswith(_YAML) and fact.line and fact.kind != "file":
            for number, _, value in _scalars(ground, fact):
                if value == fact.key:
                    codes = ("fact-renamed", "fact-removed")
                    yield _mutant(fact, f"{fact.kind} renamed", number, value, f"{value}Now", ground, codes, "")


def metrics(ground: Ground) -> Iterator[Mutant]:
    """An expression names a metric that does not exist."""
    known = {fact.key for fact in ground.truth.inventory.of_kind("metric")}
    for fact in ground.truth.inventory.of_kind("alert"):
        for number, key, value in _scalars(ground, fact):
            word = next((word for word in re.findall(r"\w+", value) if word in known), None)
            if key == "expr" and word and fact.file.endswith(_YAML):
                other = value.replace(word, f"{word}_total", 1)
                codes = ("rule-invalid", "fact-changed")
                yield _mutant(
                    fact, "alert on a metric that does not exist", number, value, other, ground, codes, f"{word}_total"
                )


def _mutant(
    fact: Fact, group: str, number: int, value: str, other: str, ground: Ground, codes: tuple[str, ...], name: str
) -> Mutant:
    lines = ground.text(fact.file).splitlines(keepends=True)
    lines[number - 1] = lines[number - 1].replace(value, other, 1)
    return Mutant(
        group,
        Side.CODE,
        f"{fact.kind} {fact.key}: {value} → {other}",
        f"{fact.file}:{number}",
        (Edit(fact.file, "".join(lines)),),
        Expected(codes, tuple(part for part in (fact.key, name) if part)),
    )


def _told(key: str) -> str:
    return {"expr": "threshold", "summary": "description"}.get(key, key)


def _scalars(ground: Ground, fact: Fact) -> Iterator[tuple[int, str, str]]:
    """Line, key and value of each plain scalar of the entry that begins on a fact's line."""
    lines = ground.text(fact.file).splitlines()
    first = lines[fact.line - 1] if fact.line <= len(lines) else ""
    indent = len(first) - len(first.lstrip())
    for number, text in enumerate(lines[fact.line - 1 :], fact.line):
        inside = len(text) - len(text.lstrip()) > indent
        if number > fact.line and text.strip() and not inside:
            return
        match = re.match(r"\s*(?:- )?(\w+): (\S.*)$", text)
        if match:
            yield number, match[1], match[2]


def _other(value: str) -> str:
    """Another value: a number is one more, a word another one."""
    number = re.search(r"(?<![\w.])\d+(?=\w?\b)", value)
    if number:
        return f"{value[: number.start()]}{int(number[0]) + 1}{value[number.end() :]}"
    return f"{value} otherwise" if " " in value.strip() else f"{value}x"
