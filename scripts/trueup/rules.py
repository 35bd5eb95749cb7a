"""Files of alert rules, held against what Prometheus accepts and against the metrics that there are."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from trueup.facts import Inventory
from trueup.findings import Finding


def check(root: Path, files: Sequence[Path], facts: Inventory) -> Iterator[Finding]:
    """A finding for each thing wrong with a file: its shape, a metric or label that is no fact, what promtool refuses.

    The files have been read before, as facts.
    """
    if not files:
        return
    # Imported only here: most projects have no such files.
    from trueup.verify.prometheus import rules_faults

    for file in files:
        source = (root / file).read_text(encoding="utf-8")
        for fault in rules_faults(source, yaml.safe_load(source), facts):
            mend = fault.mend or "correct the rule"
            yield Finding(file.as_posix(), max(fault.line, 1), "rule-invalid", fault.message, mend)
