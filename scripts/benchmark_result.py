"""Gives what the benchmarks and the comparison came to when they were run last to the pages as facts."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def collect() -> Iterator[Mapping[str, Any]]:
    """Yield one fact for each row of each result, and one about when and where each was taken."""
    for name, rows in (("benchmark", "queues"), ("vitals", "vitals"), ("crowd", "seen"), ("compared", "tools")):
        file = DOCS / f"{name}.json"
        if not file.exists():
            continue
        document = json.loads(file.read_text())
        where = {"file": str(file.relative_to(ROOT)), "line": 1}
        yield {"kind": name, "key": "taken", **where, **document["taken"]}
        for order, row in enumerate(document[rows]):
            title = row.get("title") or row["meaning"]
            yield {"kind": _KINDS[name], **where, **row, "title": title, "order": order}


_KINDS = {"benchmark": "queue_rate", "vitals": "vital", "crowd": "crowd_count", "compared": "compared_tool"}
