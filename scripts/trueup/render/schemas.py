"""Schemas of the OpenAPI document: a section for each, with its fields or values."""

from pydantic import Field

from trueup.facts import closest
from trueup.filters import code, plain
from trueup.render.fields import field_rows
from trueup.render.view import Options, Rendered, Sheet, Source, Trouble, row, safe


class SchemasOptions(Options):
    """Options of the schemas view."""

    schemas: list[str] = Field(default_factory=list, description="Only these schemas, in this order; all by default.")
    level: int = Field(default=3, ge=2, le=6, description="The level of each heading.")


class Schemas:
    """`schemas`: a section for each schema."""

    options = SchemasOptions

    def render(self, options: SchemasOptions, source: Source) -> Rendered:
        """Show the schemas as sections."""
        sheet = Sheet()
        schemas = source.document.get("components", {}).get("schemas", {})
        for name in options.schemas or schemas:
            if name not in schemas:
                close = closest(name, schemas)
                mend = f"did you mean {close}?" if close else ""
                sheet.troubles.append(Trouble("schemas", "block-option", f"unknown schema {name}", mend, name))
                continue
            schema = schemas[name]
            fact = source.inventory.get("schema", name)
            mark = f" {{#{fact.anchor}}}" if fact and options.own else ""
            sheet.add(f"{'#' * options.level} {name}{mark}", "")
            if schema.get("description"):
                sheet.add(safe(plain(schema["description"])), "")
            if "enum" in schema:
                sheet.add("One of " + ", ".join(code(value) for value in schema["enum"]) + ".", "")
            parts = [
                part
                for kind in ("field", "value")
                for part in source.inventory.of_kind(kind)
                if part.attributes.get("schema") == name
            ]
            anchors = {str(p.attributes["name"]): p.anchor for p in parts if p.kind == "field" and options.own}
            rows = field_rows(source.document, schema, depth=4, anchors=anchors)
            if rows:
                sheet.add(row(["Field", "Value", "Default", "Meaning"]), row(["---"] * 4), *map(row, rows), "")
            if fact:
                sheet.show(fact, fact.anchor, options)
            for part in parts:
                own_anchor = anchors.get(str(part.attributes.get("name")), "") if part.kind == "field" else ""
                sheet.show(part, own_anchor or (fact.anchor if fact else ""), options)
        return sheet.done()
