"""Mermaid blocks as pictures, drawn by Mermaid itself while the site is built: no script and no request in the browser.

One picture serves light and dark: its colours become the page's ink, lines and fills. Its text stays text.
"""

import hashlib
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

from trueup.tree import OWN

_CONFIG = {"htmlLabels": False, "flowchart": {"htmlLabels": False}, "fontFamily": "inherit"}
_FOLDER = Path(OWN) / "cache" / "mermaid"
_LOCK = threading.Lock()  # its interpreter of JavaScript belongs to one thread at a time

_COLOUR = re.compile(
    r"(?P<before>(?<![\w-])(?:fill|stroke|color|flood-color|stop-color|background-color)\s*(?::|=\")\s*)"
    r"(?P<colour>#[0-9a-fA-F]{3,8}|(?:rgb|hsl)a?\([^)]*\)|(?!none|transparent|inherit|currentColor|revert)[a-z]+)"
    r"(?=\s*[;\"!}])",
)
_ROOT = "my-svg"  # the id that Mermaid gives the picture, and begins others with
_IDS = re.compile(r'(?<![\w-])id="([^"]+)"')
_USED = re.compile(r'(?:url\(#|href="#)([^")]+)')
_NAMED = {"black": 0.0, "navy": 0.25, "red": 0.5, "grey": 0.5, "gray": 0.5, "lightgrey": 0.83, "white": 1.0}
_DARK, _LIGHT = 0.35, 0.7


@lru_cache(maxsize=256)
def draw(source: str) -> str:
    """The SVG of a diagram, as Mermaid draws it. Raises `RuntimeError` with what it says against the source.

    A picture is kept below the project folder in which this runs: to start Mermaid takes longer than to build a page.
    """
    key = hashlib.sha256(f"{_installed()} {_CONFIG} {source}".encode()).hexdigest()[:32]
    kept = _FOLDER / f"{key}.svg"
    with suppress(OSError, UnicodeDecodeError):
        return kept.read_text(encoding="utf-8")
    # Imported here: it starts an interpreter of JavaScript, and most sites have no such block.
    import mermaidx

    with _LOCK:
        svg = str(mermaidx.render(source, config=_CONFIG).svg())
    # A folder that cannot be written to only costs time.
    with suppress(OSError):
        _FOLDER.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=_FOLDER, prefix=".new-", delete=False, encoding="utf-8") as file:
            file.write(svg)
        Path(file.name).replace(kept)
    return svg


def _installed() -> int:
    """When Mermaid was installed, which is found sooner than its version."""
    spec = find_spec("mermaidx")
    return Path(spec.origin).stat().st_mtime_ns if spec and spec.origin else 0


def figure(source: str, title: str = "") -> str:
    """A diagram as HTML on one line. Raises `RuntimeError` as `draw` does."""
    ident = f"mermaid-{hashlib.sha256((title + source).encode()).hexdigest()[:8]}"
    svg = _COLOUR.sub(_themed, _identified(draw(source), ident)).replace("\n", " ")
    name = escape(title or "Diagram")
    svg = svg.replace("<svg ", f'<svg fill="currentColor" aria-label="{name}" ', 1)
    scroll = f'<div class="trueup-scroll" tabindex="0" role="group" aria-label="{name}">{svg}</div>'
    caption = f"<figcaption>{name}</figcaption>" if title else ""
    return f'<figure class="trueup-figure trueup-mermaid">{scroll}{caption}</figure>'


def _identified(svg: str, ident: str) -> str:
    """The picture with ids that no other one of the page has, and only those that something refers to."""
    used = {_ROOT, *_USED.findall(svg)}
    svg = _IDS.sub(lambda match: match[0] if match[1] in used else "", svg)
    for name in sorted(used, key=len, reverse=True):
        own = ident if name == _ROOT else f"{ident}-{name.removeprefix(_ROOT).lstrip('-_')}"
        svg = re.sub(rf'((?<![\w-])id="|url\(#|href="#){re.escape(name)}(?=["\)])', rf"\g<1>{own}", svg)
    return svg.replace(f"#{_ROOT}", f"#{ident}")


def _themed(match: re.Match[str]) -> str:
    lightness = _lightness(match["colour"])
    role = "ink" if lightness < _DARK else "line" if lightness < _LIGHT else "fill"
    return f"{match['before']}var(--trueup-{role})"


def _lightness(colour: str) -> float:
    """How light a colour is, from 0 to 1."""
    if colour.startswith("#"):
        digits = colour[1:4] if len(colour) < 7 else colour[1:7:2]
        return _middle([int(digit, 16) / 15 for digit in digits])
    numbers = [float(number) for number in re.findall(r"[\d.]+", colour)]
    if colour.startswith("hsl"):
        return numbers[2] / 100
    return _middle([number / 255 for number in numbers[:3]]) if numbers else _NAMED.get(colour, 0.5)


def _middle(parts: Sequence[float]) -> float:
    return (max(parts) + min(parts)) / 2
