"""`mermaid` blocks: drawn by Mermaid itself, which runs inside Python, so that what it cannot draw is found."""

import re
import threading
from collections.abc import Iterator

from trueup.verify.verdict import Fault

# Its interpreter of JavaScript belongs to one thread at a time.
_LOCK = threading.Lock()


def faults(source: str) -> Iterator[Fault]:
    """What Mermaid says against a diagram."""
    # Imported here: it starts an interpreter of JavaScript, and most sites have no such block.
    import mermaidx

    with _LOCK:
        try:
            mermaidx.render(source).svg()
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
