"""Commands, each with its arguments and options."""

from pydantic import Field

from trueup.facts import Fact
from trueup.filters import code, plain
from trueup.render.view import Rendered, Selection, Sheet, Source, anchor_of, marked, row, safe, select


class CommandsOptions(Selection):
    """Options of the commands view."""

    kind: str = Field(default="command", description="The kind of facts to show.")
    level: int = Field(default=3, ge=2, le=6, description="The level of each heading.")


class Commands:
    """`commands`: a section for each command."""

    options = CommandsOptions

    def render(self, options: CommandsOptions, source: Source) -> Rendered:
        """Show the commands as sections."""
        sheet = Sheet()
        options_of: dict[str, list[Fact]] = {}
        for option in source.inventory.of_kind("option"):
            options_of.setdefault(str(option.attributes["command"]), []).append(option)
        for fact in select(options, source, sheet):
            anchor = anchor_of(fact, options.anchor)
            mark = f" {{#{anchor}}}" if options.own else ""
            sheet.add(f"{'#' * options.level} `{fact.key}`{mark}", "", safe(plain(fact.attributes["summary"])), "")
            sheet.show(fact, anchor, options)
            usage = [fact.key, *(["COMMAND"] if fact.attributes["commands"] else [])]
            usage += ["[OPTIONS]"] if fact.key in options_of else []
            for argument in fact.attributes["arguments"]:
                name = argument["name"] + ("…" if argument["many"] else "")
                usage.append(name if argument["required"] else f"[{name}]")
            sheet.add("```text", " ".join(usage), "```", "")
            described = [argument for argument in fact.attributes["arguments"] if argument["help"]]
            sheet.add(*(f"- **{argument['name']}:** {safe(argument['help'])}" for argument in described), "")
            self._options(sheet, options, options_of.get(fact.key, []))
        return sheet.done()

    def _options(self, sheet: Sheet, options: CommandsOptions, facts: list[Fact]) -> None:
        if not facts:
            return
        sheet.add(row(["Option", "Type", "Default", "What it does"]), row(["---"] * 4))
        for fact in facts:
            anchor = fact.anchor
            details = fact.attributes
            kind = "one of " + code(details["choices"]) if "choices" in details else str(details["type"])
            if "min" in details or "max" in details:
                low, high = details.get("min"), details.get("max")
                kind += (
                    f", {low} to {high}"
                    if None not in (low, high)
                    else f", {low} or more"
                    if high is None
                    else f", {high} or less"
                )
            default = "must be given" if details["required"] else code(details["default"])
            if details["type"] == "flag" and not details["default"]:
                default = "off"
            text = safe(plain(details["summary"]))
            if "variable" in details:
                text += f" (`{details['variable']}`)"
            sheet.add(row([marked(code(details["spellings"]), anchor, options), safe(kind), default, text]))
            sheet.show(fact, anchor, options)
        sheet.add("")
