"""A table: one row for each fact of a kind, with columns that the page chooses."""

from collections.abc import Sequence

from pydantic import Field

from trueup.facts import Fact
from trueup.render.columns import chosen, heading
from trueup.render.view import (
    Rendered,
    Selection,
    Sheet,
    Source,
    Trouble,
    anchor_of,
    cell,
    marked,
    row,
    select,
    specified,
    unknown_attribute,
)

BUILTIN = {"key", "kind", "file", "line"}
"""Attributes that every fact has."""


class TableOptions(Selection):
    """Options of a table."""

    columns: dict[str, str] | list[str] = Field(
        default_factory=list,
        description="Heading → `attribute | filter` or text with `{attribute | filter}`; or a list of attributes.",
    )


class Table:
    """`table`: one row for each fact; the first cell carries its anchor."""

    options = TableOptions

    def render(self, options: TableOptions, source: Source) -> Rendered:
        """Show the facts as rows."""
        sheet = Sheet()
        facts = select(options, source, sheet)
        if not facts:
            return sheet.done()
        columns = _columns(options, source.inventory.of_kind(options.kind))
        known = BUILTIN.union(*(fact.attributes for fact in source.inventory.of_kind(options.kind)))
        for spec in columns.values():
            for name in specified(spec):
                if name not in known:
                    sheet.troubles.append(unknown_attribute("columns", name, options.kind, known))
        sheet.add(row(list(columns)), row(["---"] * len(columns)))
        for fact in facts:
            anchor = anchor_of(fact, options.anchor)
            try:
                cells = [cell(fact, spec) for spec in columns.values()]
            except ValueError as error:
                sheet.troubles.append(Trouble("columns", "block-option", f"{fact.key}: {error}"))
                break
            sheet.add(row([marked(cells[0], anchor, options), *cells[1:]]))
            sheet.show(fact, anchor, options)
        return sheet.done()


def _columns(options: TableOptions, facts: Sequence[Fact]) -> dict[str, str]:
    if isinstance(options.columns, dict) and options.columns:
        return {str(heading): str(spec) for heading, spec in options.columns.items()}
    if options.columns:
        return {heading(spec, options.kind): spec for spec in options.columns}
    return chosen(options.kind, facts)
