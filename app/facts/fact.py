"""A fact for the documentation, and the ways in which a table of the service becomes facts."""

import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from app.places import Place, places

#: ``kind``, ``key``, ``title``, ``summary``, ``file`` and ``line`` of the row that it comes from, and attributes of
#: its kind.
Fact = dict[str, Any]


def fact(kind: str, key: str, title: str, summary: str, place: Place, **attributes: Any) -> Fact:
    """Return one fact; ``place`` is where its row stands."""
    return {"kind": kind, "key": key, "title": title, "summary": summary, **place, **attributes}


def words(name: str) -> str:
    """Return a name as the words of a title."""
    return name.replace("_", " ").capitalize()


def enum(kind: str, members: Iterable[Enum], **attributes: Any) -> Iterator[Fact]:
    """Yield one fact for each member of an enum whose members have a ``meaning``."""
    for order, member in enumerate(members):
        where = places(sys.modules[type(member).__module__]).member(type(member).__name__, member.name)
        yield fact(kind, member.value, words(member.value), _meaning(member), where, order=order, **attributes)


def _meaning(member: Any) -> str:
    try:
        return str(member.meaning)
    except KeyError:
        # A member that nobody has explained yet is a fact all the same; the checks then say what it lacks.
        return ""


def lines(module: Any) -> list[str]:
    """Return the source of a module."""
    source: str = module.__loader__.get_source(module.__name__)
    return source.splitlines()


def constant(module: Any, name: str) -> Place:
    """Return where a constant is set; several may share a line."""
    line = next(number for number, text in enumerate(lines(module), 1) if name in text.partition("=")[0])
    return places(module).at(line)
