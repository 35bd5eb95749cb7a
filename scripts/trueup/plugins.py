"""Plug-ins: verifiers and normalisers that a project adds in `[tool.trueup]`. Collectors are in `trueup.collect`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trueup.collect.load import load, project_imports
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.normalise import NORMALISERS, Normaliser
from trueup.verify.verdict import Verifier

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Plugins:
    """The verifiers of a project, by language or consumer, and all normalisers, its own before those of trueup."""

    verifiers: Mapping[str, Verifier] = field(default_factory=dict)
    normalisers: Mapping[str, Normaliser] = field(default_factory=lambda: NORMALISERS)


def load_plugins(config: Config, root: Path) -> Plugins:
    """Import the plug-ins that the configuration names. Raises `TrueupError` naming the key that is wrong."""
    verifiers: dict[str, Verifier] = {}
    with project_imports(root, config.env):
        for language, name in config.verifiers.items():
            key = f"verifiers.{language}"
            verifier = load(name, key)
            if not callable(verifier):
                raise TrueupError(f"pyproject.toml: tool.trueup.{key}: {name} is no function")
            verifiers[language.lower()] = verifier
    own = dict(_normalisers(config))
    return Plugins(verifiers, {**own, **{name: item for name, item in NORMALISERS.items() if name not in own}})


def _normalisers(config: Config) -> Iterator[tuple[str, Normaliser]]:
    for name, item in config.normalisers.items():
        key = f"pyproject.toml: tool.trueup.normalisers.{name}"
        if not _NAME.fullmatch(name):
            raise TrueupError(f"{key}: a name is made of small letters, digits and single hyphens")
        try:
            pattern = re.compile(item.pattern)
        except re.error as error:
            raise TrueupError(f"{key}: the pattern is no regular expression: {error}") from None
        if pattern.groupindex or re.search(r"\\[1-9]", item.pattern):
            raise TrueupError(f"{key}: a pattern has no named groups and no references to groups")
        if pattern.match(""):
            raise TrueupError(f"{key}: the pattern matches nothing at all, so it would match everywhere")
        yield name, Normaliser(name, item.pattern, item.meaning, item.identity, item.always)
