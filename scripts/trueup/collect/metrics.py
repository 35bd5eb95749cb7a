"""Metrics of a Prometheus client registry: name, type, help, labels and buckets."""

from collections.abc import Iterator, Sequence
from math import isinf
from pathlib import Path
from typing import Any

from trueup.collect.load import load
from trueup.errors import TrueupError
from trueup.facts import Fact


def collect(names: Sequence[str], root: Path) -> Iterator[Fact]:
    """A fact of kind `metric` for each metric of the registries that `names` (`module:registry`) name.

    Attributes: `summary`, `type`, `labels`, and for histograms `buckets` (upper bounds, without the infinite one). The
    place is the line of the module that holds the name in quotes. Raises `TrueupError` when a name is no registry.
    """
    for name in names:
        registry = load(name, "metrics")
        if not hasattr(registry, "_collector_to_names"):
            kind = type(registry).__name__
            raise TrueupError(f"pyproject.toml: tool.trueup.metrics: {name} is {kind}, not a CollectorRegistry")
        # The client offers no public way to a metric's labels before it has been used.
        for metric in list(registry._collector_to_names):
            yield from _metric(metric, name.partition(":")[0], root)


def _metric(metric: Any, module: str, root: Path) -> Iterator[Fact]:
    described = list(metric.describe()) if hasattr(metric, "describe") else []
    for family in described:
        key = f"{family.name}_total" if family.type == "counter" else family.name
        attributes: dict[str, Any] = {
            "summary": family.documentation,
            "type": family.type,
            "labels": list(getattr(metric, "_labelnames", ())),
        }
        bounds = getattr(metric, "_upper_bounds", ())
        if bounds:
            attributes["buckets"] = [bound for bound in bounds if not isinf(bound)]
        yield Fact("metric", key, attributes, *_place(module, family.name, root))


def _place(module: str, name: str, root: Path) -> tuple[str, int]:
    """Where the name stands in quotes: in the module of the registry, or else anywhere in its package."""
    parts = module.split(".")
    own = [root.joinpath(*parts).with_suffix(".py"), root.joinpath("src", *parts).with_suffix(".py")]
    folders = [path for folder in (root, root / "src") for path in sorted((folder / parts[0]).rglob("*.py"))]
    for path in [*own, *folders]:
        if path.is_file():
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                if f'"{name}"' in line or f'"{name}_total"' in line or f"'{name}'" in line:
                    return path.relative_to(root).as_posix(), number
    return "", 0
