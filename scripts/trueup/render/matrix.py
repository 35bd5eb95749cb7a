"""A matrix: the facts of one kind down, those of another across, and in each cell what the first says of the second."""

from collections.abc import Mapping

from pydantic import Field

from trueup.filters import FILTERS
from trueup.render.view import (
    Rendered,
    Selection,
    Sheet,
    Source,
    Trouble,
    anchor_of,
    attribute,
    cell,
    marked,
    row,
    select,
)


class MatrixOptions(Selection):
    """Options of a matrix."""

    across: str = Field(default="", description="The kind of facts that head the columns.")
    cells: str = Field(
        default="", description="The attribute of a row: column key → what the cell shows, with filters after `|`."
    )
    head: str = Field(default="key | code", description="The text that heads each row.")
    over: str = Field(default="key | code", description="The text that heads each column.")
    corner: str = Field(default="", description="The heading of the first column; by default the kind of the rows.")
    absent: str = Field(default="–", description="What a cell shows of which the row says nothing.")


class Matrix:
    """`matrix`: a row for each fact of a kind, a column for each fact of another, such as operations by roles."""

    options = MatrixOptions

    def render(self, options: MatrixOptions, source: Source) -> Rendered:
        """Show what each row says of each column."""
        sheet = Sheet()
        facts = select(options, source, sheet)
        across = select(Selection(kind=options.across), source, columns := Sheet())
        sheet.troubles += [Trouble("across", each.code, each.message, each.mend) for each in columns.troubles]
        path, *filters = (part.strip() for part in options.cells.split("|"))
        unknown = [name for name in filters if name not in FILTERS]
        if unknown:
            message = f"unknown filter {unknown[0]!r}; filters: {', '.join(FILTERS)}"
            sheet.troubles.append(Trouble("cells", "block-option", message))
        if facts and not any(isinstance(attribute(fact, path), Mapping) for fact in facts):
            message = f"no {options.kind} has a mapping {path!r} from {options.across or 'columns'} to cells"
            sheet.troubles.append(Trouble("cells", "block-option", message, "name an attribute that is a mapping"))
        if sheet.troubles:
            return sheet.done()
        corner = options.corner or options.kind.replace("_", " ").capitalize()
        sheet.add(row([corner, *(cell(fact, options.over) for fact in across)]), row(["---"] * (len(across) + 1)))
        for fact in facts:
            anchor = anchor_of(fact, options.anchor)
            said = attribute(fact, path)
            said = said if isinstance(said, Mapping) else {}
            cells = [_shown(said.get(column.key), filters, options.absent) for column in across]
            sheet.add(row([marked(cell(fact, options.head), anchor, options), *cells]))
            sheet.show(fact, anchor, options)
        return sheet.done()


def _shown(value: object, filters: list[str], absent: str) -> str:
    if value is None:
        return absent
    for name in filters or ["plain"]:
        value = FILTERS[name](value)
    return str(value)
