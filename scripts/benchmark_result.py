"""Gives what the benchmarks and the comparison came to when they were run last to the pages as facts."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


#: By the name of a result: where its rows are, and what kind of fact each of them is.
_RESULTS = {
    "benchmark": ("queues", "queue_rate"),
    "vitals": ("vitals", "vital"),
    "crowd": ("seen", "crowd_count"),
    "list_speed": ("looks", "look"),
    "compared": ("tools", "compared_tool"),
}


def collect() -> Iterator[Mapping[str, Any]]:
    """Yield one fact for each row of each result, and one about when and where each was taken."""
    for name, (rows, kind) in _RESULTS.items():
        file = DOCS / f"{name}.json"
        if not file.exists():
            continue
        document = json.loads(file.read_text())
        where = {"file": str(file.relative_to(ROOT)), "line": 1}
        yield {"kind": name, "key": "taken", **where, **document["taken"]}
        for order, row in enumerate(document[rows]):
            title = row.get("title") or row["meaning"]
            yield {"kind": kind, **where, **row, "title": title, "order": order}
