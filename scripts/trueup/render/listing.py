"""Lists and definitions: an item, or a section with its own heading, for each fact of a kind."""

from pydantic import Field

from trueup.render.table import BUILTIN
from trueup.render.view import (
    Rendered,
    Selection,
    Sheet,
    Source,
    Trouble,
    anchor_of,
    cell,
    marked,
    select,
    specified,
    unknown_attribute,
)


class ListOptions(Selection):
    """Options of a list."""

    item: str = Field(default="{key | code}: {summary}", description="The text of an item.")


class Listing:
    """`list`: one item for each fact."""

    options = ListOptions

    def render(self, options: ListOptions, source: Source) -> Rendered:
        """Show the facts as items."""
        sheet = Sheet()
        facts = select(options, source, sheet)
        _check(sheet, options, source, {"item": options.item})
        for fact in facts:
            anchor = anchor_of(fact, options.anchor)
            try:
                text = cell(fact, options.item)
            except ValueError as error:
                sheet.troubles.append(Trouble("item", "block-option", f"{fact.key}: {error}"))
                break
            sheet.add(f"- {marked(text, anchor, options)}")
            sheet.show(fact, anchor, options)
        return sheet.done()


class DefinitionOptions(Selection):
    """Options of definitions."""

    level: int = Field(default=3, ge=2, le=6, description="The level of each heading.")
    title: str = Field(default="{key | code}", description="The text of each heading.")
    body: str = Field(default="", description="Markdown below each heading, with `{attribute | filter}` in it.")
    attributes: dict[str, str] = Field(default_factory=dict, description="Label → `attribute | filter`, listed below.")


class Definitions:
    """`definition`: a section for each fact, with a heading that carries its anchor."""

    options = DefinitionOptions

    def render(self, options: DefinitionOptions, source: Source) -> Rendered:
        """Show the facts as sections."""
        sheet = Sheet()
        facts = select(options, source, sheet)
        _check(sheet, options, source, {"title": options.title, "body": options.body, **options.attributes})
        for fact in facts:
            anchor = anchor_of(fact, options.anchor)
            try:
                heading = cell(fact, options.title)
                body = cell(fact, options.body) if options.body else ""
                labelled = [f"- **{label}:** {cell(fact, spec)}" for label, spec in options.attributes.items()]
            except ValueError as error:
                sheet.troubles.append(Trouble("attributes", "block-option", f"{fact.key}: {error}"))
                break
            mark = f" {{#{anchor}}}" if options.own else ""
            sheet.add(f"{'#' * options.level} {heading}{mark}", "")
            if body:
                sheet.add(body, "")
            sheet.add(*labelled, "")
            sheet.show(fact, anchor, options)
        return sheet.done()


def _check(sheet: Sheet, options: Selection, source: Source, specs: dict[str, str]) -> None:
    """Note every attribute named in `specs` that no fact of the kind has."""
    facts = source.inventory.of_kind(options.kind)
    known = BUILTIN.union(*(fact.attributes for fact in facts)) if facts else set()
    for option, spec in specs.items():
        for name in specified(spec) if spec and facts else ():
            if name not in known:
                where = option if option in type(options).model_fields else "attributes"
                sheet.troubles.append(unknown_attribute(where, name, options.kind, known))
