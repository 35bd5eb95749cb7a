"""The probe: the service is started once, and asked, so that the first example is one that works."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from trueup.collect.openapi import operations, resolve
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.normalise import normalise
from trueup.scratch import scratch_folder
from trueup.service import Ports, ServiceError, start

_MOST_CHARACTERS = 1500
_MOST_REQUESTS = 20
_PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Request:
    """A request that the service answers alike each time: the key of its operation, the status, and what it is for."""

    path: str
    status: int
    summary: str


def probe(config: Config, root: Any, document: Mapping[str, Any], spare: str) -> Request:
    """Start the service and find a request for the first example: one that succeeds, if there is one.

    `spare` is asked when no operation will do. Raises `TrueupError` with one line, and the end of the log, when the
    service does not start.
    """
    if config.service is None:
        raise AssertionError("a service is probed only when there is one")
    with scratch_folder() as scratch:
        folder = scratch / "probe"
        folder.mkdir()
        try:
            service = start(config.service, config.timeouts, root=root, folder=folder, ports=Ports())
        except ServiceError as error:
            first, _, log = str(error).partition("\n")
            advice = "if it needs variables to start, give them: trueup init --env NAME=VALUE; or --no-service"
            raise TrueupError(f"{config.service.command}: {first}\n{log}\n{advice}") from None
        try:
            with httpx.Client(base_url=service.base_url, trust_env=False, timeout=_PATIENCE_SECONDS) as client:
                answers = list(_answers(client, document))
        finally:
            service.stop()
    good = [answer for answer in answers if answer.status < HTTPStatus.BAD_REQUEST]
    return (good or answers or [Request(spare, HTTPStatus.OK, "")])[0]


def _answers(client: httpx.Client, document: Mapping[str, Any]) -> Iterator[Request]:
    for path, summary in list(_askable(document))[:_MOST_REQUESTS]:
        try:
            first, second = client.get(path), client.get(path)
        except httpx.HTTPError:
            continue
        steady = first.status_code == second.status_code and normalise(first.text) == normalise(second.text)
        if steady and first.status_code < HTTPStatus.INTERNAL_SERVER_ERROR and _is_short_json(first):
            yield Request(path, first.status_code, summary)


def _askable(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Path and summary of each operation that can be asked as it is: no parameter is needed. Lists come first."""
    found = []
    for method, path, operation in operations(document):
        parameters = [resolve(document, each) for each in operation.get("parameters", [])]
        needs = "{" in path or any(parameter.get("required") for parameter in parameters)
        if method == "GET" and not needs and not operation.get("deprecated"):
            schema = operation.get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
            rich = "$ref" in json.dumps(schema.get("schema", {})) or schema.get("schema", {}).get("type") == "array"
            found.append((not rich, path, str(operation.get("summary", ""))))
    yield from ((path, summary) for _, path, summary in sorted(found, key=lambda each: each[0]))


def _is_short_json(answer: httpx.Response) -> bool:
    try:
        shown = json.dumps(answer.json(), indent=2)
    except ValueError:
        return False
    return len(shown) <= _MOST_CHARACTERS
