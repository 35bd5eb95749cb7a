"""Gathering the truth: all collectors run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trueup import failures
from trueup.collect import (
    commands,
    dashboards,
    files,
    glossary,
    metrics,
    openapi,
    plugin,
    project,
    routes,
    rules,
    score,
    settings,
    signatures,
    symbols,
)
from trueup.collect.load import project_imports, time_limit
from trueup.collect.settings import Validator
from trueup.config import Config
from trueup.facts import Fact, Inventory
from trueup.locate import Locator
from trueup.truth import Truth, dump_document


def gather(config: Config, root: Path) -> Truth:
    """Import what the configuration names and collect all facts.

    Raises `TrueupError` when something cannot be imported or two facts have one kind and key.
    """
    locator = Locator(root)
    facts: list[Fact] = []
    document: Mapping[str, Any] = {}
    validators: Mapping[str, Validator] = {}
    with project_imports(root, config.env), time_limit(config.timeouts.facts):
        if config.app:
            app = routes.load_app(config.app)
            document = routes.document(app)
            file = config.openapi.as_posix() if config.openapi else "pyproject.toml"
            places = {**_places_in_document(document, file), **routes.places(app, locator)}
            facts += openapi.collect(document, places, file)
            facts += routes.collect(app, locator)
        facts += settings.collect(config.settings, locator)
        validators = settings.validators(config.settings)
        facts += commands.collect(config.commands, locator)
        facts += metrics.collect(config.metrics, root)
        facts += plugin.collect(root, config.collectors)
    facts += project.collect(root)
    facts += rules.collect(root, config.rules)
    facts += dashboards.collect(root, config.dashboards)
    facts += glossary.collect(root, config.glossary)
    facts += score.collect(root, config.mutate.result)
    known = list(symbols.collect(root, config.packages))
    facts += [*known, *signatures.collect(known, config.signatures)]
    facts += files.collect(root)
    facts += failures.collect(root, config.failures)
    return Truth(Inventory(facts), document, validators)


def _places_in_document(document: Mapping[str, Any], file: str) -> dict[str, tuple[str, int]]:
    """Where each schema stands in the committed document, for those that no class of the project stands behind."""
    schemas = document.get("components", {}).get("schemas", {})
    found: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(dump_document(document).splitlines(), 1):
        name = line.strip().removesuffix(": {").strip('"')
        if line.startswith('      "') and line.endswith(": {") and name in schemas:
            found[name] = (file, number)
    return found
