"""Dashboards, held against what Prometheus accepts and against the metrics that there are."""

import re
from collections.abc import Iterator

import yaml

from trueup.collect.dashboards import filled
from trueup.facts import Inventory
from trueup.findings import Finding

_NAME = re.compile(r"panel_(\d+)_\d+")


def check(facts: Inventory) -> Iterator[Finding]:
    """A finding for each query of a panel that is no PromQL, or that reads a metric or label that is no fact."""
    shown = facts.of_kind("panel")
    if not shown:
        return
    # Imported only here: most projects have no such files.
    from trueup.verify.prometheus import rules_faults

    # As rules, so that promtool judges all of them at once.
    rules = [
        {"record": f"panel_{number}_{at}", "expr": filled(query)}
        for number, panel in enumerate(shown)
        for at, query in enumerate(panel.attributes["queries"])
    ]
    document = {"groups": [{"name": "dashboards", "rules": rules}]}
    for fault in rules_faults(yaml.safe_dump(document, sort_keys=False), document, facts):
        found = _NAME.search(fault.message)
        panel = shown[int(found[1])] if found else shown[0]
        message = _NAME.sub(f"the panel {panel.key!r}", fault.message)
        yield Finding(panel.file, max(panel.line, 1), "dashboard-invalid", message, fault.mend or "correct the query")
