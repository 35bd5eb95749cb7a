"""`promql` blocks, and the expressions of rule files: parsed, and held against the metrics that the facts know."""

from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser as promql

from trueup.facts import Fact, Inventory, closest
from trueup.verify.verdict import Fault

#: Labels that Prometheus itself gives to every sample, and names of its own metrics.
_ATTACHED = frozenset({"__name__", "job", "instance", "le", "quantile", "alertname", "alertstate", "severity"})
_OWN = frozenset({"up", "ALERTS", "ALERTS_FOR_STATE", "scrape_duration_seconds", "scrape_samples_scraped"})
#: What samples of a metric of each type are named besides the metric itself.
_SUFFIXES = {
    "counter": ("_total", "_created"),
    "histogram": ("_bucket", "_sum", "_count", "_gsum", "_gcount", "_created"),
    "gaugehistogram": ("_bucket", "_gsum", "_gcount"),
    "summary": ("_sum", "_count", "_created"),
    "info": ("_info",),
    "gauge": (),
    "stateset": (),
}
_ANY = tuple(dict.fromkeys(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes))


def faults(source: str, facts: Inventory, recorded: frozenset[str] = frozenset()) -> Iterator[Fault]:
    """What is wrong with expressions that stand one after the other, with blank lines or comments between.

    When the inventory has facts of the kind `metric`, every metric must be one (or a name that a rule has `recorded`),
    and every label one of its `labels`.
    """
    for line, text in expressions(source):
        try:
            expression = promql.parse(text)
        except ValueError as error:
            yield Fault(f"expression is no PromQL: {error}", line)
            continue
        for fault in _strangers(expression, facts, recorded):
            yield Fault(fault.message, line + _line(text, fault.message), fault.code, fault.mend)


def expressions(source: str) -> Iterator[tuple[int, str]]:
    """Each expression of a block, with the line on which it starts."""
    start = 1
    lines: list[str] = []
    for number, line in enumerate([*source.splitlines(), ""], 1):
        code = line if not line.lstrip().startswith("#") else ""
        if code.strip():
            start = start if lines else number
            lines.append(code)
        elif lines:
            yield start, "\n".join(lines)
            lines = []


def _line(text: str, message: str) -> int:
    """How many lines below the first one the name at fault stands."""
    name = message.split()[2]
    return next((number for number, line in enumerate(text.splitlines()) if name in line), 0)


def _strangers(expression: Any, facts: Inventory, recorded: frozenset[str]) -> Iterator[Fault]:
    metrics = {fact.key: fact for fact in facts.of_kind("metric")}
    if not metrics:
        return
    selectors: list[Any] = []
    groups: list[str] = []
    attached = set(_ATTACHED)

    def visit(node: Any) -> bool:
        if isinstance(node, promql.VectorSelector):
            selectors.append(node)
        modifier = getattr(node, "modifier", None)
        groups.extend(getattr(modifier, "labels", None) or ())
        groups.extend(getattr(getattr(modifier, "matching", None), "labels", None) or ())
        groups.extend(getattr(modifier, "group_labels", None) or ())
        if isinstance(node, promql.Call) and node.func.name in {"label_replace", "label_join"}:
            attached.add(str(getattr(node.args[1], "val", "")))
        return True

    promql.walk(expression, pre_visit=visit)
    known: set[str] = set()
    unclear = not selectors
    for node in selectors:
        name = node.name or _named(node)
        fact = metrics.get(name) or _base(name, metrics)
        if fact is None:
            # What labels there are, only Prometheus could tell.
            unclear = True
            if name and name not in _OWN | recorded:
                close = closest(name, metrics)
                mend = f"did you mean {close}?" if close else ""
                yield Fault(f"unknown metric {name}", code="code-unknown", mend=mend)
            continue
        labels = {str(label) for label in fact.attributes.get("labels") or ()}
        known |= labels
        for matcher in node.matchers.matchers:
            if matcher.name not in labels | attached:
                yield _label(matcher.name, name, labels)
    for label in groups:
        if not unclear and label not in known | attached:
            yield _label(label, ", ".join(sorted({node.name or "?" for node in selectors})), known)


def _label(label: str, metric: str, known: set[str]) -> Fault:
    close = closest(label, known)
    mend = f"did you mean {close}?" if close else f"it has {', '.join(sorted(known)) or 'none'}"
    return Fault(f"unknown label {label} of the metric {metric}", code="code-unknown", mend=mend)


def _named(node: Any) -> str:
    """The name that a selector gives as a label: `{__name__="…"}`."""
    found = [m.value for m in node.matchers.matchers if m.name == "__name__" and m.op == promql.MatchOp.Equal]
    return str(found[0]) if found else ""


def _base(name: str, metrics: Mapping[str, Fact]) -> Fact | None:
    """The metric of which a sample has this name: `loan_days_bucket` of the histogram `loan_days`."""
    for suffix in _ANY:
        fact = metrics.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
        allowed = _SUFFIXES.get(str(fact.attributes.get("type", "")), _ANY) if fact else ()
        if fact and suffix in allowed and not fact.key.endswith(suffix):
            return fact
    return None
