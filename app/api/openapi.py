"""The OpenAPI document: what the framework knows, completed from the operations, the registry and the settings."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.api import documentation
from app.api.operation import Operation
from app.api.problem_examples import problem_responses
from app.api.route import OperationRoute
from app.api.schemas.problem import problem_schema
from app.api.streams import MESSAGE_NAMES
from app.auth.permissions import BY_PERMISSION, Role
from app.jobs.registry import JobType, Registry
from app.problems import Problem
from app.settings import Settings

_JSON = "application/json"
_STREAM = "text/event-stream"
_REF = "#/components/schemas/"


def document(app: FastAPI, settings: Settings, registry: Registry) -> dict[str, Any]:
    """Return the OpenAPI document of ``app``."""
    found = get_openapi(
        title=documentation.TITLE,
        version=version("trueup-reference"),
        summary=documentation.SUMMARY,
        description=documentation.DESCRIPTION,
        routes=app.routes,
        tags=documentation.TAGS,
        license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
    )
    schemas = found["components"]["schemas"]
    schemas.update(_payloads(registry))
    own = {operation.payload: f"POST {path}" for path, _, operation, _ in operations(app) if operation.payload}
    schemas.update(_job_bodies(schemas["CreateJob"], registry, own))
    schemas.update(_with_definitions("Problem", problem_schema()))
    schemas["CreateWebhook"]["properties"]["job_type"]["anyOf"][0] = {"type": "string", "enum": list(registry.names)}
    schemas["Problem"]["properties"]["code"]["enum"] = [kind.code for kind in Problem.catalogue()]
    # As the parameter of the list: the names that are known.
    schemas["BulkFilter"]["properties"]["type"] |= {"anyOf": [{"enum": list(registry.names)}, {"type": "null"}]}
    found["components"]["securitySchemes"] = documentation.SECURITY
    for path, method, operation, body in operations(app):
        specification = found["paths"][path][method]
        _complete(specification, path, operation, body=body, settings=settings)
        _complete_parameters(specification, settings, registry)
        _complete_request(specification, operation, registry)
        for model in (*(model for _, model, _ in operation.also.values()), *operation.stream):
            schemas.update(_with_definitions(model.__name__, _schema(model)))
    _keep_used(found)
    return found


def operations(app: FastAPI) -> Iterator[tuple[str, str, Operation, bool]]:
    """Yield path, method, operation, and whether it takes a body, of every operation of ``app``."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, OperationRoute):
            body = route.body_field is not None or bool(route.operation.raw)
            for method in sorted(route.methods or ()):
                yield str(context.path_format), method.lower(), route.operation, body


def _complete(
    specification: dict[str, Any], path: str, operation: Operation, *, body: bool, settings: Settings
) -> None:
    """Add permission, security, and every answer."""
    if operation.permission is None:
        specification["x-permission"] = "public"
        specification["security"] = []
    else:
        specification["x-permission"] = operation.permission.value
        grant = BY_PERMISSION[operation.permission]
        specification["x-roles"] = {role.value: grant.scope(role).value for role in Role}
        specification["security"] = [{"bearer": []}]
    problems = operation.all_problems(body=body)
    specification["x-problems"] = [kind.code for kind in problems]
    success = specification["responses"][str(operation.status)]
    if operation.stream:
        success["content"] = {_STREAM: _stream_content(operation)}
    else:
        success["content"][_JSON]["example"] = operation.example
    for media_type, text in operation.texts.items():
        success["content"][media_type] = {"schema": {"type": "string"}, "example": text}
    success["headers"] = {
        name: {"description": text, "required": True, "schema": {"type": "string"}}
        for name, text in operation.headers.items()
    }
    if operation.links:
        success["links"] = {
            name: {"operationId": link.operation, "parameters": dict(link.parameters), "description": link.summary}
            for name, link in operation.links.items()
        }
    responses = {str(operation.status): success}
    for status, (meaning, model, example) in operation.also.items():
        content = {_JSON: {"schema": {"$ref": _REF + model.__name__}, "example": example}}
        responses[str(status)] = {"description": meaning, "content": content, "headers": {}}
    responses |= problem_responses(problems, path=path, docs_url=settings.docs_url)
    for response in responses.values():
        response["headers"]["X-Request-ID"] = documentation.REQUEST_ID_HEADER
    specification["responses"] = dict(sorted(responses.items()))


def _stream_content(operation: Operation) -> dict[str, Any]:
    """Return what a stream holds. OpenAPI 3.1 has no word for its single messages; `x-messages` names their data."""
    messages = {MESSAGE_NAMES[model]: {"$ref": _REF + model.__name__} for model in operation.stream}
    return {"schema": {"type": "string"}, "example": operation.example, "x-messages": messages}


def _complete_parameters(specification: dict[str, Any], settings: Settings, registry: Registry) -> None:
    for parameter in specification.get("parameters", []):
        schema = _without_null(parameter["schema"])
        if parameter["name"] == "limit":
            schema["default"] = settings.list_limit
        if parameter["name"] == "type":
            schema = {"type": "string", "enum": list(registry.names), "title": "Type"}
        parameter["schema"] = schema


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that may be left out: a query string has no null."""
    options = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
    if not options:
        return schema
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    return {**options[0], **rest} if len(options) == 1 else {"anyOf": options, **rest}


def _complete_request(specification: dict[str, Any], operation: Operation, registry: Registry) -> None:
    examples = {name: dict(example) for name, example in operation.requests.items()}
    if operation.raw:
        # Raw bytes have no type in JSON Schema; the media type says everything.
        content: dict[str, Any] = {media_type: {"schema": {}} for media_type in operation.raw}
        content[operation.raw[0]]["examples"] = examples
        specification["requestBody"] = {"required": True, "content": content}
        return
    if "requestBody" not in specification:
        return
    content = specification["requestBody"]["content"][_JSON]
    if operation.payload is not None:
        job_type = registry[operation.payload]
        content["schema"] = {"$ref": _REF + job_type.payload.__name__}
        examples = {"payload": {"summary": job_type.summary, "value": dict(job_type.example)}}
    elif content["schema"].get("$ref") == _REF + "CreateJob":
        names = {kind.name: _body_name(kind) for kind in registry.values()}
        content["schema"] = {
            "oneOf": [{"$ref": _REF + name} for name in names.values()],
            "discriminator": {
                "propertyName": "type",
                "mapping": {alias: _REF + names[name] for alias, name in registry.names.items()},
            },
        }
        examples = {
            kind.name: {"summary": kind.label, "value": {"type": kind.name, "data": dict(kind.example)}}
            for kind in registry.values()
        }
    content["examples"] = examples


def _body_name(kind: JobType) -> str:
    return "Create" + "".join(word.capitalize() for word in kind.name.split("_")) + "Job"


def _job_bodies(general: dict[str, Any], registry: Registry, own: Mapping[str, str]) -> dict[str, Any]:
    """Return the body that creates a job, once for each type: with its names, and its payload.

    ``own`` names the types that have an operation of their own; for these, the general way is deprecated.
    """
    bodies = {}
    for kind in registry.values():
        properties = dict(general["properties"])
        properties["type"] = {**properties["type"], "enum": [kind.name, *kind.aliases]}
        properties["data"] = {"$ref": _REF + kind.payload.__name__, "description": kind.summary}
        name = _body_name(kind)
        bodies[name] = {**general, "title": name, "description": kind.summary, "properties": properties}
        if kind.name in own:
            bodies[name]["deprecated"] = True
            bodies[name]["description"] += f" Deprecated here: use `{own[kind.name]}`."
    return bodies


def _payloads(registry: Registry) -> dict[str, Any]:
    kinds = [(kind.payload, "validation") for kind in registry.values()]
    _, found = models_json_schema(kinds, ref_template=_REF + "{model}")  # type: ignore[arg-type]  # a list of literals
    definitions: dict[str, Any] = found.get("$defs", {})
    return definitions


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(ref_template=_REF + "{model}", mode="serialization")


def _with_definitions(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema.pop("$defs", {}), name: schema}


def _keep_used(found: dict[str, Any]) -> None:
    """Drop schemas that nothing refers to: the framework's own error bodies, and templates of ours."""
    schemas = found["components"]["schemas"]
    used: set[str] = set()
    waiting = list(_references(found["paths"]))
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            waiting.extend(_references(schemas[name]))
    found["components"]["schemas"] = {name: schemas[name] for name in sorted(used)}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith(_REF):
            yield reference.removeprefix(_REF)
        for member in value.values():
            yield from _references(member)
    elif isinstance(value, list):
        for member in value:
            yield from _references(member)
