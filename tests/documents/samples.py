"""Documents for tests: short texts about lighthouses and bakeries, and a PDF that is written by hand."""

from collections.abc import Sequence
from io import BytesIO

from pypdf import PdfReader, PdfWriter

LIGHTHOUSE = """---
title: On lighthouses
author: Ada Byron
date: 2026-03-02
tags: [sea, light]
---

# Lighthouses

A lighthouse stands on the rock. Its *lamp* shows ships the harbour.

## The lamp

The lamp burns oil from dusk to dawn. The keeper trims the wick, and winds the clockwork
of the lens.

- The lens turns slowly.
- The shutter makes the flashes.

| Tower | Height |
|---|---|
| North | forty steps |

## The keeper

The keeper of the lighthouse writes each ship into the book, and lights the lamp again when the storm has put it out.
"""

HARBOUR = """<!doctype html>
<html lang="en"><head><title>Harbours</title><meta name="author" content="Grace Murray">
<script>var lamp = "<p>not text</p>";</script></head>
<body><nav><a href="/">Home</a></nav><main>
<h1>Harbours</h1><p>A harbour has a lighthouse.<br>Its lamp shows ships the <b>harbour</b> in the storm.</p>
<ul><li>The keeper writes each ship into the book.</li></ul>
<table><tr><th>Tower</th><th>Height</th></tr><tr><td>North</td><td>forty steps</td></tr></table>
<pre>flash
  dark</pre></main><footer>Imprint</footer></body></html>
"""

BAKERY = "# Bread\n\nFlour, water, salt and yeast. Knead the dough, and bake the loaves in the oven.\n"

#: Four pages with a running head, page numbers, and a word that is broken at the end of a line.
PAGES = [
    ["Annals of Bread", f"The oven of page {number} is heated before the dough is kneaded, and the bak-",
     "ery smells of yeast.", f"{number}"]
    for number in ("one", "two", "three", "four")
]  # fmt: skip
for _number, _page in enumerate(PAGES, 1):
    _page[-1] = str(_number)


def pdf(pages: Sequence[Sequence[str]], *, title: str = "Annals", password: str | None = None) -> bytes:
    """Return a PDF with these lines on its pages."""
    parts = ["%PDF-1.4\n"]
    offsets = []
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(pages)))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for at, lines in enumerate(pages):
        shown = "\n".join(f"({line}) Tj T*" for line in lines)
        stream = f"BT /F1 12 Tf 14 TL 50 750 Td\n{shown}\nET"
        bodies.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * at} 0 R >>"
        )
        bodies.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    bodies.append(f"<< /Title ({title}) >>")
    for number, body in enumerate(bodies, 1):
        offsets.append(sum(map(len, parts)))
        parts.append(f"{number} 0 obj\n{body}\nendobj\n")
    start = sum(map(len, parts))
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    parts.append(f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}")
    parts.append(f"trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R /Info {len(bodies)} 0 R >>\n")
    parts.append(f"startxref\n{start}\n%%EOF\n")
    data = "".join(parts).encode("latin-1")
    if password is None:
        return data
    writer = PdfWriter(clone_from=PdfReader(BytesIO(data)))
    writer.encrypt(password, algorithm="RC4-128")
    locked = BytesIO()
    writer.write(locked)
    return locked.getvalue()
