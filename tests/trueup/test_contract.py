"""The contract test: schemathesis's results as findings, and the documented examples it does not look at."""

import base64
import json
import sys
from pathlib import Path

import pytest
from trueup import contract, openapi_examples
from trueup.config import Config, ContractConfig
from trueup.contract_events import read_events
from trueup.errors import TrueupError
from trueup.facts import Fact, Inventory

APP = '''"""Parcels with faults planted on purpose."""

from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Path
from pydantic import BaseModel, Field


class Parcel(BaseModel):
    weight: int = Field(ge=1, le=99, examples=[0])


app = FastAPI()


@app.post("/parcels", status_code=201)
def post(parcel: Parcel, authorization: Annotated[str, Header()] = "") -> Parcel:
    if authorization != "Bearer letmein":
        raise HTTPException(418)
    return parcel


@app.get("/parcels/{weight}")
def get(weight: Annotated[int, Path(ge=1, le=99)]) -> Parcel:
    raise RuntimeError("the shelf fell down")


@app.get("/broken")
def broken() -> int:
    raise RuntimeError("known")
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    name = f"parcels_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(APP, encoding="utf-8")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "desk.sh").write_text("export TOKEN=letmein\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def config_of(root: Path, **contract_keys: object) -> Config:
    module = next(root.glob("parcels_*.py")).stem
    return Config.model_validate(
        {
            "app": f"{module}:app",
            "scenarios": "scenarios",
            "service": {
                "command": f"{sys.executable} -m uvicorn {module}:app --port {{port}}",
                "env": {"PYTHONPATH": str(root)},
                "ready": "/openapi.json",
                "depends": ["scenarios"],
            },
            "contract": {"max_examples": 3, "seconds": 60, **contract_keys},
        }
    )


def test_a_faulty_service_is_found_out(project: Path) -> None:
    exclude = [{"operation": "GET /broken", "reason": "known"}, {"operation": "GET /brokn", "reason": "misspelt"}]
    config = config_of(project, scenario="desk", exclude=exclude)
    result = contract.run(config, project)
    found = {(finding.path, finding.line, finding.code): finding for finding in result.findings}
    module = next(project.glob("parcels_*.py")).name
    failure = next(finding for finding in result.findings if "GET /parcels/{weight}: Server error" in finding.message)
    assert failure.code == "contract-failure"
    line = next(n for n, text in enumerate(APP.splitlines(), 1) if "def get" in text)
    assert (failure.path, failure.line) in {(module, line), (module, line - 1)}
    assert 'curl -i -X GET -H "Authorization: Bearer $TOKEN" $BASE_URL/parcels/' in failure.detail
    assert "status 500" in failure.detail
    assert ("pyproject.toml", 1, "exemption-stale") in found
    assert "did you mean GET /broken?" in found["pyproject.toml", 1, "exemption-stale"].message
    assert any(finding.code == "openapi-example" and "Parcel.weight" in finding.message for finding in result.findings)
    assert not any("GET /broken" in f.message and f.code == "contract-failure" for f in result.findings)
    assert result.counted > 5
    assert result.figures["operations"] == 3


def test_every_user_is_tried_and_the_cases_are_divided_among_them(project: Path) -> None:
    desk = project / "scenarios" / "desk.sh"
    desk.write_text("export TOKEN=letmein STRANGER_TOKEN=whoareyou\n", encoding="utf-8")
    users = {"clerk": "TOKEN", "stranger": "STRANGER_TOKEN"}
    result = contract.run(config_of(project, scenario="desk", max_examples=4, users=users), project)
    refused = [finding.message for finding in result.findings if "418" in finding.message + finding.detail]
    assert refused
    assert all("POST /parcels as stranger: " in message for message in refused)
    alone = contract.run(config_of(project, scenario="desk", max_examples=4), project)
    assert result.counted < alone.counted * 1.5


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"scenario": "desk", "users": {"clerk": "NOBODY"}}, "desk exports no NOBODY"),
        ({"scenario": "unheard"}, "tool.trueup.contract.scenario: 'unheard': no such scenario"),
        (
            {"exclude": [{"operation": "GET /broken", "check": "no_such", "reason": "x"}]},
            "unknown check 'no_such'; there are .*ignored_auth",
        ),
    ],
)
def test_wrong_configuration_is_one_error(project: Path, keys: dict[str, object], words: str) -> None:
    with pytest.raises(TrueupError, match=words):
        contract.run(config_of(project, **keys), project)


def test_no_service_is_one_error(project: Path) -> None:
    with pytest.raises(TrueupError, match=r"tool\.trueup\.service is not set"):
        contract.run(config_of(project).model_copy(update={"service": None}), project)


def test_a_run_that_is_cut_off_says_so(project: Path) -> None:
    result = contract.run(config_of(project, seconds=0.2), project)
    assert "contract-incomplete" in {finding.code for finding in result.findings}


def test_exclusions_become_configuration() -> None:
    config = ContractConfig.model_validate(
        {
            "exclude": [
                {"operation": "GET /a", "check": "unsupported_method", "reason": "x"},
                {"operation": "GET /a", "check": "ignored_auth", "reason": "y"},
                {"operation": "GET /b", "reason": "z"},
            ]
        }
    )
    assert contract.configuration(config) == (
        '[[operations]]\ninclude-name = "GET /a"\nchecks.unsupported_method.enabled = false\n'
        'checks.ignored_auth.enabled = false\n[[operations]]\ninclude-name = "GET /b"\nenabled = false\n'
    )


def event(case: str, message: str) -> str:
    body = base64.b64encode(b'{"a": 1}').decode()
    failure = {"title": "Undocumented status code", "operation": "POST /a/{b}", "message": message}
    recorder = {
        "label": "POST /a/{b}",
        "cases": {case: {"value": {"method": "POST", "path": "/a/{b}"}}},
        "checks": {
            case: [
                {"name": "not_a_server_error", "status": "success"},
                {"name": "status_code_conformance", "status": "failure", "failure_info": {"failure": failure}},
            ]
        },
        "interactions": {
            case: {
                "request": {
                    "method": "POST",
                    "uri": "http://h:1/a/x%20y",
                    "headers": {"Content-Type": ["application/json"], "User-Agent": ["st"]},
                    "body": {"$base64": body},
                },
                "response": {"status_code": 418, "content": {"$base64": body}},
            }
        },
    }
    return json.dumps({"ScenarioFinished": {"recorder": recorder}}) + "\n"


def test_failures_are_read_with_a_command_that_repeats_them(tmp_path: Path) -> None:
    report = tmp_path / "events.ndjson"
    text = event("A", "Received: 418\nDocumented: 201") + event("B", "Received: 418\nDocumented: 201, 422")
    report.write_text(text + '{"EngineFinished": {"stop_reason": "completed"}}\n{"cut', encoding="utf-8")
    events = read_events(report, "http://h:1")
    (failure,) = events.failures
    assert failure.request == (
        "curl -i -X POST -H 'Content-Type: application/json' --data-binary '{\"a\": 1}' $BASE_URL/a/x%20y"
    )
    assert failure.response == 'status 418: {"a": 1}'
    assert failure.message == "Received: 418 Documented: 201"
    assert (events.cases, events.stopped, events.tested) == (2, "completed", frozenset({"POST /a/{b}"}))


def test_a_missing_report_is_a_run_that_was_cut_off(tmp_path: Path) -> None:
    assert read_events(tmp_path / "none", "").stopped == ""


DOCUMENT = {
    "paths": {
        "/a/{b}": {
            "parameters": [{"name": "b", "schema": {"type": "integer"}, "example": "x"}],
            "post": {
                "requestBody": {"$ref": "#/components/requestBodies/A"},
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/A"},
                                "examples": {"good": {"value": {"n": 1}}, "bad": {"value": {"n": "1"}}},
                            }
                        }
                    }
                },
            },
        }
    },
    "components": {
        "requestBodies": {"A": {"content": {"a/b": {"schema": {"type": "null"}, "example": None}}}},
        "schemas": {
            "A": {
                "type": "object",
                "properties": {"n": {"type": "integer", "examples": [1, "one"]}},
                "examples": [{"n": 1}, {"n": None}],
            }
        },
    },
}


def test_documented_examples_are_held_against_their_schemas() -> None:
    inventory = Inventory([Fact("operation", "POST /a/{b}", {}, "app.py", 7), Fact("field", "A.n", {}, "model.py", 3)])
    result = openapi_examples.check(DOCUMENT, inventory, "openapi.json")
    assert result.counted == 8
    assert [str(finding) for finding in sorted(result.findings)] == [
        "app.py:7: POST /a/{b}, parameter b: the documented example breaks its schema at /: "
        "'x' is not of type 'integer' [openapi-example]",
        "app.py:7: POST /a/{b}, response 200 (application/json), bad: the documented example breaks its schema at /n: "
        "'1' is not of type 'integer' [openapi-example]",
        "model.py:3: A.n: the documented example breaks its schema at /: 'one' is not of type 'integer' "
        "[openapi-example]",
        "openapi.json:1: A: the documented example breaks its schema at /n: None is not of type 'integer' "
        "[openapi-example]",
    ]
