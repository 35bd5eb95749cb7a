"""Dashboards of Grafana: the files that it imports, each panel with what it asks Prometheus."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from trueup.collect.rules import metrics_in
from trueup.errors import TrueupError
from trueup.facts import Fact

#: What Grafana puts in before it asks; Prometheus accepts these in their place.
_VARIABLES = {"$__rate_interval": "5m", "$__interval": "1m", "$__range": "1h"}


def collect(root: Path, files: Sequence[Path]) -> Iterator[Fact]:
    """A fact of kind `panel` for each panel that asks something, in the order of the files; its key is the title.

    Attributes: `dashboard`, `summary`, `type`, `unit`, `queries`, `metrics` (those that the queries read). Raises
    `TrueupError` when a file is missing, is no dashboard, or has two panels of one title. What is wrong with a query is
    a finding, see `trueup.dashboards`.
    """
    order = 0
    taken: dict[str, Path] = {}
    for file in files:
        text, document = _read(root, file)
        for panel in panels(document):
            title, order = str(panel.get("title", "")), order + 1
            if title in taken:
                raise TrueupError(f"{file}: two panels have the title {title!r}; give each its own")
            taken[title] = file
            queries = [str(target["expr"]) for target in panel["targets"]]
            attributes = {
                "order": order,
                "dashboard": str(document.get("title", "")),
                "summary": str(panel.get("description", "")),
                "type": str(panel.get("type", "")),
                "unit": str((panel.get("fieldConfig") or {}).get("defaults", {}).get("unit", "")),
                "queries": queries,
                "metrics": list(dict.fromkeys(name for query in queries for name in metrics_in(filled(query)))),
            }
            yield Fact("panel", title, attributes, file.as_posix(), line_of(text, title))


def filled(query: str) -> str:
    """A query with Grafana's own variables filled in."""
    for variable, value in _VARIABLES.items():
        query = query.replace(variable, value)
    return query


def line_of(text: str, value: str) -> int:
    """The line of a JSON text on which a string stands as a value."""
    wanted = json.dumps(value, ensure_ascii=False)
    escaped = json.dumps(value)
    return next((at for at, line in enumerate(text.splitlines(), 1) if wanted in line or escaped in line), 1)


def panels(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The panels that ask something, those in rows too."""
    for panel in document.get("panels") or ():
        if any("expr" in target for target in panel.get("targets") or ()):
            yield panel
        yield from panels(panel)


def _read(root: Path, file: Path) -> tuple[str, Mapping[str, Any]]:
    try:
        text = (root / file).read_text(encoding="utf-8")
        document = json.loads(text)
        if not list(panels(document)):
            raise ValueError("it has no panel with a query")
    except FileNotFoundError:
        raise TrueupError(f"{file}: not found; create it or remove it from tool.trueup.dashboards") from None
    except (ValueError, AttributeError, TypeError) as error:
        raise TrueupError(f"{file}: is no dashboard of Grafana: {error}") from None
    return text, document
