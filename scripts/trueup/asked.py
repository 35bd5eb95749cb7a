"""What the examples of a page ask for: names that the service would ignore, so that no output betrays them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trueup.curls import Request, requests
from trueup.exercised import RUN
from trueup.facts import Fact, closest
from trueup.findings import Finding
from trueup.operations import Operations
from trueup.pages import Page
from trueup.vocabulary import Vocabulary

_SHELLS = RUN & {"bash", "sh", "shell", "console"}


@dataclass(frozen=True)
class Asked:
    """Holds the requests of examples against the operations and schemas of an OpenAPI document."""

    operations: Operations
    vocabulary: Vocabulary
    document: Mapping[str, Any]

    def check(self, page: Page) -> Iterator[Finding]:
        """A finding for each parameter, and each field of a body, that an operation does not have.

        Most frameworks ignore what they do not know, and so the output stays as it was. A field that the schema
        forbids is left alone where the block is run: its output tells of the refusal.
        """
        for block in page.blocks:
            if block.language not in _SHELLS:
                continue
            literal = "literal" in block.classes
            for request in requests(block.source):
                found = self.operations.resolve(str(request))
                if found is None or len(found.facts) != 1 or found.facts[0].kind != "operation":
                    continue
                (operation,) = found.facts
                for message, mend in [*self._query(request, operation), *self._fields(request, operation, literal)]:
                    yield Finding(page.path, block.line + 1 + request.line, "parameter-unknown", message, mend)

    def _query(self, request: Request, operation: Fact) -> Iterator[tuple[str, str]]:
        for name, problem in self.operations.unknown_parameters(operation, request.query):
            if not self.vocabulary.explains(name):
                yield problem.message, problem.mend

    def _fields(self, request: Request, operation: Fact, literal: bool) -> Iterator[tuple[str, str]]:
        try:
            sent = json.loads(request.body or "0")
        except ValueError:
            return
        schema = self._schema(operation)
        known = schema.get("properties")
        open_ = schema.get("additionalProperties", False) is not False
        refused = "additionalProperties" in schema and not literal
        if not isinstance(sent, dict) or not isinstance(known, dict) or open_ or refused:
            return
        for name in sent:
            if name not in known and not self.vocabulary.explains(name):
                suggestion = closest(name, known)
                yield f"{operation.key} takes no field {name}", f"did you mean {suggestion}?" if suggestion else ""

    def _schema(self, operation: Fact) -> Mapping[str, Any]:
        """The schema of the JSON that an operation takes; empty when it takes none, or one of several."""
        paths: Any = self.document.get("paths", {})
        entry = paths.get(operation.attributes["path"], {}).get(str(operation.attributes["method"]).lower(), {})
        schema: Any = entry.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if "$ref" in schema:
            schemas: Any = self.document.get("components", {}).get("schemas", {})
            schema = schemas.get(str(schema["$ref"]).rpartition("/")[2], {})
        return schema if isinstance(schema, dict) else {}
