"""The kept score of the proof by mutation, as facts."""

from collections.abc import Iterator
from pathlib import Path

from trueup.facts import Fact
from trueup.mutate.score import load


def collect(root: Path, result: Path) -> Iterator[Fact]:
    """A fact `mutation` (key `total`: figures of the last kept run) and a `mutation_class` for each class of mutants.

    None when no score has been kept. Raises `TrueupError` when the file is something else.
    """
    if not (root / result).exists():
        return
    document = load(root / result)
    file = result.as_posix()
    yield Fact("mutation", "total", dict(document["totals"]), file, 1)
    for order, group in enumerate(document["classes"]):
        attributes = {**group, "order": order}
        yield Fact("mutation_class", f"{group['side']}: {group['name']}", attributes, file, 1)
