"""The OpenAPI document as a product: complete, true to its own schemas, and in everybody's words."""

import json
import re

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from app.api.documentation import TAGS
from app.api.openapi import operations
from app.handlers import REGISTRY
from app.main import create_app
from app.problems import Problem
from app.settings import Settings
from tests.api.conftest import assert_problem

APP = create_app(Settings(_env_file=None))
DOCUMENT = APP.openapi()
SPECIFICATIONS = {
    f"{method.upper()} {path}": specification
    for path, item in DOCUMENT["paths"].items()
    for method, specification in item.items()
}
#: Problems that belong to no operation: there is none at the path, or not with the method; and those of the Jobs page.
PATHLESS = {"request.unknown_path", "request.method_not_allowed", "auth.foreign_form", "schedule.changed"}


def validate(schema, value):
    checker = FormatChecker()
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}, format_checker=checker).validate(value)


def examples(content):
    """Media type, schema and example of everything in a content object."""
    for media_type, body in content.items():
        if "example" in body:
            yield media_type, body["schema"], body["example"]
        for example in body.get("examples", {}).values():
            yield media_type, body["schema"], example["value"]


def test_the_document_is_openapi_3_1_and_made_at_once_for_all():
    assert DOCUMENT["openapi"].startswith("3.1")
    assert APP.openapi() is DOCUMENT
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT
    assert create_app(Settings(_env_file=None)).openapi() == DOCUMENT


def test_operation_ids_are_chosen_and_unique():
    ids = [specification["operationId"] for specification in SPECIFICATIONS.values()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", one) for one in ids), ids


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_an_operation_is_described_whole(name):
    specification = SPECIFICATIONS[name]
    assert specification["tags"][0] in {tag["name"] for tag in TAGS}
    assert specification["summary"]
    assert len(specification["description"]) > 40
    for parameter in specification.get("parameters", []):
        assert parameter["description"], parameter["name"]
        assert "null" not in json.dumps(parameter["schema"]), "a query string has no null"
    for status, response in specification["responses"].items():
        assert response["description"]
        assert "X-Request-ID" in response["headers"]
        media_types = set(response["content"])
        if "application/problem+json" in media_types:
            assert media_types == {"application/problem+json"}
            assert response["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert response["x-problems"]
        else:
            assert any(True for _ in examples(response["content"])), f"no example of {status}"
        assert (status in {"429", "503"} and "application/problem+json" in media_types) == (
            "Retry-After" in response["headers"]
        )
        assert (status == "401") == ("WWW-Authenticate" in response["headers"])
    if "requestBody" in specification:
        assert any(True for _ in examples(specification["requestBody"]["content"])), "no example of a request"


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_examples_fit_their_schemas(name):
    specification = SPECIFICATIONS[name]
    contents = [response["content"] for response in specification["responses"].values()]
    contents.append(specification.get("requestBody", {}).get("content", {}))
    for content in contents:
        for _, schema, example in examples(content):
            validate(schema, example)


def test_every_body_that_callers_send_is_closed():
    """A member that nobody declared is an error, so the schema must not promise to take it."""
    for name, specification in SPECIFICATIONS.items():
        content = specification.get("requestBody", {}).get("content", {}).get("application/json")
        for reference in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(content or {})):
            schema = DOCUMENT["components"]["schemas"][reference]
            if schema.get("type") == "object":
                assert schema["additionalProperties"] is False, f"{name}: {reference}"


def test_every_field_is_described():
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for field, member in schema.get("properties", {}).items():
            assert member.get("description") or "$ref" in member, f"{name}.{field}"


def test_the_bodies_of_the_job_types_are_told_apart_by_their_names():
    schema = SPECIFICATIONS["POST /api/v1/jobs"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["discriminator"]["mapping"]) == set(REGISTRY.names)
    assert len(schema["oneOf"]) == len(REGISTRY)
    for kind in REGISTRY.values():
        for name in (kind.name, *kind.aliases):
            validate(schema, {"type": name, "data": dict(kind.example)})


def test_the_general_way_is_deprecated_where_a_type_has_an_operation_of_its_own():
    """CC-12: the other way that still works is marked deprecated."""
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["CreateGeocodeHouseholdsJob"]["deprecated"]
    assert "POST /api/v1/jobs/geocoding" in schemas["CreateGeocodeHouseholdsJob"]["description"]
    assert "deprecated" not in schemas["CreateImportVotersJob"]


def test_nothing_of_the_framework_shows():
    text = json.dumps(DOCUMENT)
    assert "HTTPValidationError" not in text
    assert "Successful Response" not in text


def test_links_lead_to_operations_and_their_parameters():
    ids = {specification["operationId"]: specification for specification in SPECIFICATIONS.values()}
    for specification in SPECIFICATIONS.values():
        for response in specification["responses"].values():
            for link in response.get("links", {}).values():
                known = {parameter["name"] for parameter in ids[link["operationId"]].get("parameters", [])}
                assert set(link["parameters"]) <= known


def test_the_problems_of_the_document_are_those_of_the_catalogue():
    """VR-5: each problem has its entry in the catalogue."""
    documented = {code for specification in SPECIFICATIONS.values() for code in specification["x-problems"]}
    assert documented == {kind.code for kind in Problem.catalogue()} - PATHLESS
    status = {kind.code: str(kind.status) for kind in Problem.catalogue()}
    for specification in SPECIFICATIONS.values():
        for answer, response in specification["responses"].items():
            assert all(status[code] == answer for code in response.get("x-problems", []))


def test_every_problem_says_its_cause_and_the_way_out():
    """VR-5: each problem says its cause and the way out."""
    kinds = list(Problem.catalogue())
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert kind.cause().endswith(".")
        assert kind.fix.endswith(".")
        assert 400 <= kind.status < 600


def test_the_default_page_size_is_the_one_of_the_settings():
    document = create_app(Settings(_env_file=None, list_limit=7)).openapi()
    parameters = document["paths"]["/api/v1/jobs"]["get"]["parameters"]
    assert next(one for one in parameters if one["name"] == "limit")["schema"]["default"] == 7


def test_every_operation_is_in_the_document():
    assert {(path, method) for path, method, _, _ in operations(APP)} == {
        (path, method) for path, item in DOCUMENT["paths"].items() for method in item
    }


@pytest.mark.anyio
async def test_the_document_and_the_interactive_reference_are_served_from_here(client):
    assert (await client.get("/api/openapi.json")).json() == DOCUMENT
    page = await client.get("/docs")
    assert page.status_code == 200
    assert not re.findall(r"(?:src|href)=\"(?!/docs|ui/)", page.text), "nothing comes from elsewhere"
    for address in re.findall(r"(?:src|href)=\"(/docs[^\"]+)", page.text):
        asset = await client.get(address)
        assert asset.status_code == 200, address
        assert asset.content
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert_problem(await client.get("/docs/assets/../../../etc/passwd"), 404, "request.unknown_path")


@pytest.mark.anyio
async def test_problem_links_follow_the_setting(app, client, settings):
    app.state.settings = settings.model_copy(update={"docs_url": "https://docs.example.org/jobs/"})
    problem = (await client.get("/api/v1/nothing")).json()
    assert problem["type"] == "https://docs.example.org/jobs/reference/problems/#problem-request-unknown_path"
