"""Settings, each with its type, default, range and description."""

from typing import Any

from pydantic import Field

from trueup.facts import Fact
from trueup.filters import code, plain
from trueup.render.view import Rendered, Selection, Sheet, Source, anchor_of, marked, row, safe, select


class SettingsOptions(Selection):
    """Options of the settings view."""

    kind: str = Field(default="setting", description="The kind of facts to show.")
    group: str = Field(default="", description="Only the settings of this group.")


class Settings:
    """`settings`: a table of settings."""

    options = SettingsOptions

    def render(self, options: SettingsOptions, source: Source) -> Rendered:
        """Show the settings as rows."""
        sheet = Sheet()
        if options.group:
            options = options.model_copy(update={"filter": {**options.filter, "group": options.group}})
        facts = select(options, source, sheet)
        if facts:
            sheet.add(row(["Setting", "Type", "Default", "What it does"]), row(["---"] * 4))
        for fact in facts:
            anchor = anchor_of(fact, options.anchor)
            sheet.add(row([marked(code(fact.key), anchor, options), _type(fact), _default(fact), _description(fact)]))
            sheet.show(fact, anchor, options)
        return sheet.done()


def _type(fact: Fact) -> str:
    attributes = fact.attributes
    if "choices" in attributes:
        return "one of " + ", ".join(f"`{choice}`" for choice in attributes["choices"])
    text = safe(plain(attributes.get("type")))
    if "range" in attributes:
        text += f", {attributes['range']}"
    for bound, words in (("min_length", "at least {} long"), ("max_length", "at most {} long")):
        if bound in attributes:
            text += ", " + words.format(attributes[bound])
    return text + (", secret" if attributes.get("secret") else "")


def _default(fact: Fact) -> str:
    if fact.attributes.get("required"):
        return "must be set"
    if fact.attributes.get("computed"):
        return "computed"
    value: Any = fact.attributes.get("default")
    if fact.attributes.get("secret"):
        return "not shown"
    return "not set" if value is None or value == "" else code(value)


def _description(fact: Fact) -> str:
    text = safe(plain(fact.attributes.get("description")))
    if fact.attributes.get("examples"):
        text += " Example: " + ", ".join(f"`{example}`" for example in fact.attributes["examples"]) + "."
    return text
