"""Alert rules: the files that Prometheus reads, each alert with what fires it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

from trueup.errors import TrueupError
from trueup.facts import Fact

_COMPARED = re.compile(r"(?:[<>]=?|[=!]=)\s*(?:bool\s+)?(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.\[])", re.IGNORECASE)


def collect(root: Path, files: Sequence[Path]) -> Iterator[Fact]:
    """A fact of kind `alert` for each alert, in the order of the files.

    Attributes: `group`, `expr`, `for`, `severity`, `summary`, `labels`, `annotations`, `metrics` (those that the
    expression reads) and `thresholds` (the numbers that it compares with). Raises `TrueupError` when a file is missing
    or holds no rules. What is wrong with a rule is a finding, see `trueup.rules`.
    """
    order = 0
    for file in files:
        for group, rule, line in _rules(root, file):
            order += 1
            yield Fact("alert", str(rule["alert"]), _attributes(rule, group, order), file.as_posix(), line)


def _attributes(rule: dict[str, Any], group: str, order: int) -> dict[str, Any]:
    labels, annotations = rule.get("labels") or {}, rule.get("annotations") or {}
    expression = " ".join(str(rule.get("expr", "")).split())
    return {
        "order": order,
        "group": group,
        "expr": expression,
        "for": str(rule.get("for", "0s")),
        "severity": str(labels.get("severity", "")),
        "summary": str(annotations.get("summary", "")),
        "labels": {str(key): str(value) for key, value in labels.items()},
        "annotations": {str(key): str(value) for key, value in annotations.items()},
        "metrics": metrics_in(expression),
        "thresholds": [float(number) for number in _COMPARED.findall(expression)],
    }


def metrics_in(expression: str) -> list[str]:
    """The metrics that an expression reads; none when it is no PromQL."""
    found: list[str] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql.VectorSelector) and node.name:
            found.append(node.name)
        return True

    try:
        promql.walk(promql.parse(expression), pre_visit=visit)
    except ValueError:
        return []  # the check of the file says so
    return list(dict.fromkeys(found))


def _rules(root: Path, file: Path) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Group, rule and line of each alert."""
    try:
        text = (root / file).read_text(encoding="utf-8")
        tree, document = yaml.compose(text), yaml.safe_load(text)
        groups = document["groups"]
        nodes = _member(tree, "groups").value
        for group, node in zip(groups, nodes, strict=True):
            for rule, place in zip(group["rules"], _member(node, "rules").value, strict=True):
                if "alert" in rule:
                    yield str(group["name"]), rule, place.start_mark.line + 1
    except FileNotFoundError:
        raise TrueupError(f"{file}: not found; create it or remove it from tool.trueup.rules") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrueupError(f"{file}: is no YAML: {' '.join(str(error).split())}") from None
    except (TypeError, KeyError, AttributeError, StopIteration) as error:
        raise TrueupError(f"{file}: is no file of alert rules: {type(error).__name__} {error}") from None


def _member(node: Any, name: str) -> Any:
    found = [value for key, value in node.value if key.value == name]
    if not found:
        raise KeyError(name)
    return found[0]
