"""The static API reference: a section for each operation, with everything a caller must know."""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from http import HTTPStatus
from typing import Any

from pydantic import Field

from trueup.collect.openapi import operation_id, operations, resolve
from trueup.facts import closest
from trueup.filters import code, plain
from trueup.render.fields import field_rows, name_text, value_text
from trueup.render.view import Options, Rendered, Sheet, Source, Trouble, row, safe


class OperationsOptions(Options):
    """Options of the operations view."""

    tags: list[str] = Field(default_factory=list, description="Only operations with one of these tags.")
    operations: list[str] = Field(default_factory=list, description="Only operations with these ids, in this order.")
    level: int = Field(default=3, ge=2, le=5, description="The level of each heading.")
    examples: bool = Field(default=True, description="Whether request and response examples are shown.")


class Operations:
    """`operations`: a section for each operation of the OpenAPI document; its id is its anchor."""

    options = OperationsOptions

    def render(self, options: OperationsOptions, source: Source) -> Rendered:
        """Show the operations as sections."""
        sheet = Sheet()
        chosen = list(_chosen(options, source, sheet))
        for method, path, operation in chosen:
            _Section(sheet, options, source, method, path, operation).write()
        if not chosen and not sheet.troubles:
            sheet.troubles.append(Trouble("tags", "block-empty", "no operation fits"))
        return sheet.done()


def _chosen(options: OperationsOptions, source: Source, sheet: Sheet) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    everything = [
        (method, path, operation)
        for method, path, operation in operations(source.document)
        if not options.tags or set(options.tags) & set(operation.get("tags", []))
    ]
    tags = {tag for _, _, operation in operations(source.document) for tag in operation.get("tags", [])}
    for tag in options.tags:
        if tag not in tags:
            close = closest(tag, tags)
            mend = f"did you mean {close}?" if close else f"tags: {', '.join(sorted(tags))}"
            sheet.troubles.append(Trouble("tags", "block-option", f"unknown tag {tag}", mend, tag))
    if not options.operations:
        yield from everything
        return
    by_id = {operation_id(*each): each for each in everything}
    for name in options.operations:
        if name in by_id:
            yield by_id[name]
        else:
            close = closest(name, by_id)
            mend = f"did you mean {close}?" if close else ""
            sheet.troubles.append(Trouble("operations", "block-option", f"unknown operation {name}", mend, name))


class _Section:
    """One operation, written into a sheet."""

    def __init__(
        self,
        sheet: Sheet,
        options: OperationsOptions,
        source: Source,
        method: str,
        path: str,
        operation: Mapping[str, Any],
    ) -> None:
        self.sheet, self.options, self.source = sheet, options, source
        self.document = source.document
        self.method, self.path, self.operation = method, path, operation
        self.name = operation_id(method, path, operation)

    def write(self) -> None:
        """Write the section."""
        fact = self.source.inventory.get("operation", f"{self.method} {self.path}")
        mark = f" {{#{self.name}}}" if self.options.own and "operationId" in self.operation else ""
        title = self.operation.get("summary") or self.name
        self.sheet.add(f"{'#' * self.options.level} {title}{mark}", "")
        method = f'<span class="trueup-method trueup-{self.method.lower()}">{self.method}</span>'
        self.sheet.add(f'<p class="trueup-operation">{method} <code>{escape(self.path)}</code></p>', "")
        if self.operation.get("deprecated"):
            self.sheet.add("**Deprecated.**", "")
        if self.operation.get("description"):
            self.sheet.add(str(self.operation["description"]), "")
        self._access()
        self._parameters()
        self._body()
        self._responses()
        if fact is not None:
            self.sheet.show(fact, self.name, self.options)
        for kind in ("parameter", "body", "response"):
            for part in self.source.inventory.of_kind(kind):
                if part.attributes.get("operation") == self.name:
                    self.sheet.used.append(part)

    def _label(self, text: str) -> None:
        self.sheet.add(f"**{text}**", "")

    def _access(self) -> None:
        """Authentication, and every extension (`x-…`) of the operation, as labelled values."""
        security = self.operation.get("security", self.document.get("security", []))
        schemes = self.document.get("components", {}).get("securitySchemes", {})
        names = [_scheme(schemes.get(name, {}), name) for option in security for name in option]
        if not security:
            access = "none needed"
        else:
            access = " or ".join(dict.fromkeys(names)) + (", or none" if {} in security else "")
        self.sheet.add(f"- **Authentication:** {access}")
        told_below = {key for response in self.operation.get("responses", {}).values() for key in response}
        for key, value in self.operation.items():
            if key.startswith("x-") and key not in told_below:
                self.sheet.add(f"- **{key[2:].replace('-', ' ').capitalize()}:** {code(value)}")
        self.sheet.add("")

    def _parameters(self) -> None:
        parameters = [resolve(self.document, raw) for raw in self.operation.get("parameters", [])]
        if not parameters:
            return
        self._label("Parameters")
        self.sheet.add(row(["Name", "In", "Value", "Default", "Meaning"]), row(["---"] * 5))
        for parameter in parameters:
            schema = parameter.get("schema", {})
            default = (
                code(schema["default"]) if "default" in schema else "required" if parameter.get("required") else "–"
            )
            text = safe(plain(parameter.get("description") or schema.get("description")))
            cells = [
                name_text(str(parameter.get("name"))),
                str(parameter.get("in")),
                value_text(self.document, schema),
                default,
            ]
            self.sheet.add(row([*cells, text]))
        self.sheet.add("")

    def _body(self) -> None:
        body = resolve(self.document, self.operation.get("requestBody", {}))
        for media, content in body.get("content", {}).items():
            self._label(f"Request body ({'required' if body.get('required') else 'optional'}, `{media}`)")
            if body.get("description"):
                self.sheet.add(str(body["description"]), "")
            rows = field_rows(self.document, content.get("schema", {}))
            if rows:
                self.sheet.add(row(["Field", "Value", "Default", "Meaning"]), row(["---"] * 4), *map(row, rows), "")
            else:
                self.sheet.add(value_text(self.document, content.get("schema", {})), "")
            if self.options.examples:
                self._examples("Example request", media, content)

    def _responses(self) -> None:
        responses = [(str(s), resolve(self.document, raw)) for s, raw in self.operation.get("responses", {}).items()]
        self._label("Responses")
        self.sheet.add(row(["Status", "Body", "When", "Headers"]), row(["---"] * 4))
        headers: dict[str, str] = {}
        for status, response in sorted(responses):
            bodies = [
                f"{value_text(self.document, content.get('schema', {}))} (`{media}`)"
                for media, content in response.get("content", {}).items()
            ]
            for header, raw in response.get("headers", {}).items():
                headers.setdefault(header, plain(resolve(self.document, raw).get("description")))
            names = code(sorted(response.get("headers", {})))
            body = "<br>".join(bodies) or _no_body(self.method, status)
            self.sheet.add(row([f"**{status}** {_phrase(status)}", body, _when(response), names]))
        self.sheet.add("")
        for header, about in headers.items():
            self.sheet.add(f"- `{header}`: {safe(about)}")
        self.sheet.add("")
        if self.options.examples:
            self._response_examples(responses)

    def _response_examples(self, responses: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Answers that succeed each on their own, the others together."""
        refused: list[tuple[str, str, Any]] = []
        for status, response in sorted(responses):
            for media, content in response.get("content", {}).items():
                if status.startswith(("4", "5")):
                    found = examples(self.document, content)
                    refused += [(f"{status}: {name}" if name else status, media, value) for name, value in found]
                else:
                    self._examples(f"{status} {_phrase(status)}", media, content)
        if refused:
            self.sheet.add('??? example "Refusals and failures"', "")
            for title, media, value in refused:
                self.sheet.add(f"    **{safe(title)}**", "", *_fenced(media, value), "")

    def _examples(self, title: str, media: str, content: Mapping[str, Any]) -> None:
        for name, value in examples(self.document, content):
            heading = f"{title}: {name}" if name else title
            self.sheet.add(f'??? example "{heading.replace(chr(34), chr(39))}"', "", *_fenced(media, value), "")


def _fenced(media: str, value: Any) -> list[str]:
    """An example as an indented fenced block."""
    if isinstance(value, str) and not media.endswith("json"):
        language, text = "text", value
    else:
        language, text = "json", json.dumps(value, indent=2, ensure_ascii=False)
    return [f"    ```{language}", *(f"    {line}" for line in text.splitlines()), "    ```"]


def _when(response: Mapping[str, Any]) -> str:
    """When a response is given: its description, and its extensions as far as the description does not tell them."""
    text = safe(plain(response.get("description")))
    for key, value in response.items():
        told = isinstance(value, list) and all(str(item) in text for item in value)
        if key.startswith("x-") and not told:
            text += f" {key[2:].replace('-', ' ').capitalize()}: {code(value)}."
    return text


def examples(document: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Name (or `""`) and value of each example of a media type; those of its schema when it has none itself."""
    if content.get("examples"):
        for name, raw in content["examples"].items():
            example = resolve(document, raw)
            if "value" in example:
                yield str(example.get("summary") or name), example["value"]
        return
    if "example" in content:
        yield "", content["example"]
        return
    schema = resolve(document, content.get("schema", {}))
    for value in schema.get("examples", [])[:1] if isinstance(schema.get("examples"), list) else []:
        yield "", value


def _no_body(method: str, status: str) -> str:
    """Of a response without a declared body: whether HTTP forbids it one, or nobody knows."""
    bare = method == "HEAD" or status.startswith("1") or status in {"204", "205", "304"}
    return "empty" if bare else "not declared"


def _phrase(status: str) -> str:
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:
        return ""


def _scheme(scheme: Mapping[str, Any], name: str) -> str:
    if scheme.get("type") == "http":
        return (
            f"{scheme.get('scheme', '')} token" if scheme.get("scheme") == "bearer" else f"HTTP {scheme.get('scheme')}"
        )
    if scheme.get("type") == "apiKey":
        return f"key in {scheme.get('in')} `{scheme.get('name')}`"
    return str(scheme.get("type") or name)
