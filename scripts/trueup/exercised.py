"""What the executed examples of a page exercise: the requests and commands in them, and the names that they show.

Read from the blocks, not from a run: every block that is run is also compared, so that what it holds has happened when
the check of the examples is clean.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any

import yaml

from trueup.commandline import CommandLines
from trueup.curls import requests, segment
from trueup.facts import Fact, Inventory
from trueup.operations import Operations
from trueup.pages import Block, Page
from trueup.yamltext import read_yaml

RUN = frozenset({"bash", "sh", "shell", "console", "http", "python", "py", "pycon", "javascript", "js", "sql"})
"""The languages whose blocks are run."""

_DONE = frozenset({"operation", "command", "option"})  # to show their names exercises nothing
_WORD = re.compile(r"[A-Za-z_][\w.-]*[\w]|[A-Za-z_]")
_REQUEST = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+[\"']?(/[^\s\"'?;|)]*)")
_ASSIGNED = re.compile(r"(?<![\w$])([A-Z][A-Z0-9_]+)=")
_PLAIN = re.compile(r"[\w.-]+$")


class Exercise:
    """Finds the facts of some kinds in the examples of pages."""

    def __init__(self, inventory: Inventory, kinds: Collection[str]) -> None:
        facts = [fact for fact in inventory if fact.kind in kinds]
        self._operations = Operations(inventory)
        self._commands = CommandLines(inventory)
        self._roots = sorted({fact.key.split()[0] for fact in inventory.of_kind("command")})
        self._words: dict[str, list[Fact]] = {}
        self._phrases: list[tuple[str, Fact]] = []
        for fact in facts:
            if fact.kind in _DONE:
                continue
            for name in dict.fromkeys(fact.names):
                if _PLAIN.match(name):
                    self._words.setdefault(name, []).append(fact)
                else:
                    self._phrases.append((name, fact))
        self._kinds = frozenset(kinds)

    def facts(self, page: Page) -> Iterator[Fact]:
        """Every fact that an executed block of the page, or an output that was compared, exercises; some twice."""
        for name in _variables(page):
            yield from (fact for fact in self._words.get(name, ()) if fact.kind == "setting")
        for block in page.blocks:
            shown = "output" in block.classes
            if "literal" in block.classes or not (shown or block.language in RUN):
                continue
            yield from self._named(block.source)
            if not shown:
                for fact in self._done(block):
                    if fact.kind in self._kinds:
                        yield fact

    def _named(self, source: str) -> Iterator[Fact]:
        for word in set(_WORD.findall(source)):
            yield from self._words.get(word, ())
        for phrase, fact in self._phrases:
            if phrase in source:
                yield fact

    def _done(self, block: Block) -> Iterator[Fact]:
        """The operations that a block calls, the commands that it runs, the settings that it sets."""
        source = block.source.replace("\\\n", " ")
        made = [f"{method} {path}" for method, path in _REQUEST.findall(source)]
        if block.language != "http":
            made += map(str, requests(source))
            for command in self._command_lines(source):
                answer = self._commands.resolve(command)
                yield from answer.facts if answer else ()
            for name in _ASSIGNED.findall(source):
                yield from (fact for fact in self._words.get(name, ()) if fact.kind == "setting")
        for request in made:
            found = self._operations.resolve(request)
            if found and len(found.facts) == 1:
                yield from found.facts

    def _command_lines(self, source: str) -> Iterator[str]:
        for root in self._roots:
            for match in re.finditer(rf"(?<![\w.-]){re.escape(root)}(?= [a-z-])", source):
                yield segment(source, match.start())


def _variables(page: Page) -> Iterator[str]:
    """The environment variables that the services of a page are given, by its front matter and its scenes."""
    own = page.meta.get("trueup")
    holders: list[Any] = [own.get("service") if isinstance(own, dict) else None]
    for directive in page.directives:
        if directive.name in ("failure", "scene"):
            try:
                holders.append(read_yaml(directive.body))
            except yaml.YAMLError:
                continue  # the block has its finding
    for holder in holders:
        if isinstance(holder, dict) and isinstance(holder.get("env"), dict):
            yield from map(str, holder["env"])
