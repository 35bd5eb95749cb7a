"""A table as psql prints it: aligned columns, a rule below the headings, the number of rows."""

from collections.abc import Collection, Sequence


def aligned(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """Rows of text below their headings; the columns whose numbers are in `right` are set to the right."""
    rows = [[cell.replace("\n", "\\n") for cell in row] for row in rows]
    widths = [max([len(name), *(len(row[at]) for row in rows)]) for at, name in enumerate(columns)]
    # As psql centres: an odd blank goes to the right.
    head = [
        " " * ((width - len(name)) // 2) + name + " " * ((width - len(name) + 1) // 2)
        for name, width in zip(columns, widths, strict=True)
    ]
    lines = [" " + " | ".join(head), "-" + "-+-".join("-" * width for width in widths) + "-"]
    for row in rows:
        cells = [
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(" " + " | ".join(cells))
    lines.append(f"({len(rows)} row{'' if len(rows) == 1 else 's'})")
    return "\n".join(line.rstrip() for line in lines) + "\n"
