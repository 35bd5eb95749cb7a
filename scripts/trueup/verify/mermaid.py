"""`mermaid` blocks: drawn by Mermaid itself, which runs inside Python, so that what it cannot draw is found."""

import re
from collections.abc import Iterator

from trueup import mermaid
from trueup.verify.verdict import Fault


def faults(source: str) -> Iterator[Fault]:
    """What Mermaid says against a diagram."""
    try:
        mermaid.draw(source)
    except RuntimeError as error:
        lines = str(error).removeprefix("Mermaid rendering failed: ").splitlines()
        place = re.search(r"on line (\d+)", lines[0])
        told = [lines[0], *(line for line in lines if line.startswith("Expecting"))]
        last = max(source.rstrip().count("\n") + 1, 1)
        yield Fault(
            " ".join(told)[:200],
            min(int(place[1]), last) if place else 1,
            mend='correct it, or draw it from facts with "/// facts | diagram"',
        )
