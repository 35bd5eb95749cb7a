"""What people and programs send by mistake or on purpose: always a clear problem, never a trace, nothing kept."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.json_body import MAX_DEPTH, parse
from app.problems import InvalidRequest, MalformedBody
from tests.api.conftest import assert_problem

JSON = {"content-type": "application/json"}
VALID = {"type": "geocode_households", "data": {"mode": "static"}}


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture
def client(shared_client):
    return shared_client


async def post(client, headers, content, **more):
    return await client.post("/api/v1/jobs", headers={**headers, **JSON, **more}, content=content)


async def nothing_was_created(client, headers):
    return (await client.get("/api/v1/jobs", headers=headers)).json()["items"] == []


def with_value(text: str) -> bytes:
    """A valid body but for one value, given as JSON text."""
    return ('{"type": "geocode_households", "data": {"mode": "static", "filters": {"city": ' + text + "}}}").encode()


NO_JSON = {
    "cut off": b'{"type": "geocode',
    "a word": b"hello",
    "two values": b"{} {}",
    "a comma too many": b'{"type": "geocode_households",}',
    "single quotes": b"{'type': 'geocode_households'}",
    "NaN": with_value("NaN"),
    "Infinity": with_value("-Infinity"),
    "no UTF-8": b'{"type": "\xff\xfe"}',
    "UTF-16": json.dumps(VALID).encode("utf-16"),
    "surrogate bytes": b'{"type": "\xed\xa0\x80"}',
    "a control character": b'{"type": "\x01"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.anyio
@pytest.mark.parametrize("content", NO_JSON.values(), ids=NO_JSON)
async def test_a_body_that_is_no_json_is_malformed(client, admin, content):
    assert_problem(await post(client, admin, content), 400, "request.malformed")
    assert await nothing_was_created(client, admin)


UNFIT = {
    "NUL in a string": (with_value('"a\\u0000b"'), "data.filters.city"),
    "half a surrogate pair": (with_value('"\\ud800"'), "data.filters.city"),
    "a huge number": (with_value("1e400"), "data.filters.city"),
    "a number of 5,000 digits": (with_value("9" * 5000), "data.filters.city"),
    "a number of 70 bits": (with_value(str(2**70)), "data.filters.city"),
    "deep nesting": (with_value("[" * 40 + "]" * 40), "data.filters.city"),
    "100,000 levels": (b"[" * 100_000 + b"]" * 100_000, ""),
    "an array": (b"[]", ""),
    "a string": (b'"x"', ""),
    "null": (b"null", ""),
    "nothing": (b"", ""),
    "no type": (b'{"data": {}}', "type"),
    "no data": (b'{"type": "geocode_households"}', "data"),
    "an unknown field": (b'{"type": "geocode_households", "data": {}, "colour": "red"}', "colour"),
    "an unknown field of the payload": (b'{"type": "geocode_households", "data": {"colour": "red"}}', "data.colour"),
    "a type that is no string": (b'{"type": 5, "data": {}}', "type"),
    "a payload that is no object": (b'{"type": "geocode_households", "data": []}', "data"),
    "a priority too high": (b'{"type": "geocode_households", "data": {}, "priority": 101}', "priority"),
    "a priority too low": (b'{"type": "geocode_households", "data": {}, "priority": -1}', "priority"),
    "a priority as a string": (b'{"type": "geocode_households", "data": {}, "priority": "50"}', "priority"),
    "a priority as a truth": (b'{"type": "geocode_households", "data": {}, "priority": true}', "priority"),
    "a priority between": (b'{"type": "geocode_households", "data": {}, "priority": 50.5}', "priority"),
    "too many retries": (b'{"type": "geocode_households", "data": {}, "config": {"max_retries": 21}}',
                         "config.max_retries"),
    "a limit of none": (b'{"type": "geocode_households", "data": {"limit": 0}}', "data.limit"),
    "a limit as a string": (b'{"type": "geocode_households", "data": {"limit": "5"}}', "data.limit"),
    "a file that is no id": (b'{"type": "import_voters", "data": {"file_id": "../etc/passwd"}}', "data.file_id"),
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize(("content", "field"), UNFIT.values(), ids=UNFIT)
async def test_a_body_that_does_not_fit_is_refused_by_field(client, admin, content, field):
    """VR-5: bad input is 422 with the field."""
    problem = assert_problem(await post(client, admin, content), 422, "request.invalid")
    # A value that is nested too deeply is named down to where it goes too far.
    assert any(entry["field"] == field or entry["field"].startswith(f"{field}.0") for entry in problem["errors"])
    assert all(entry["message"] and entry["in"] == "body" for entry in problem["errors"])
    assert await nothing_was_created(client, admin)


@pytest.mark.anyio
async def test_a_name_with_nul_is_refused_too(client, admin):
    problem = assert_problem(await post(client, admin, b'{"a\\u0000": 1}'), 422, "request.invalid")
    assert "NUL" in problem["errors"][0]["message"]


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["bake_cake", "", "GEOCODING", "import_voters "])
async def test_an_unknown_type_is_named_with_the_known_ones(client, admin, name):
    answer = await client.post("/api/v1/jobs", headers=admin, json={"type": name, "data": {}})
    problem = assert_problem(answer, 422, "job.unknown_type")
    assert "geocode_households" in problem["detail"]
    if name:
        listed = await client.get("/api/v1/jobs", params={"type": "bake_cake"}, headers=admin)
        assert_problem(listed, 422, "job.unknown_type")


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/problem+json", None])
async def test_json_must_be_declared(client, admin, kind):
    headers = {**admin, **({"content-type": kind} if kind else {})}
    answer = await client.post("/api/v1/jobs", headers=headers, content=json.dumps(VALID).encode())
    assert_problem(answer, 415, "request.unsupported_media_type")


@pytest.mark.anyio
async def test_ten_mebibytes_are_refused_without_being_read(client, admin):
    answer = await post(client, admin, b"x" * 10 * 1024 * 1024)
    assert_problem(answer, 413, "request.too_large")

    read = 0

    async def endless():
        nonlocal read
        while True:
            read += 1
            yield b"x" * 65_536

    assert_problem(await post(client, admin, endless()), 413, "request.too_large")
    assert read <= 18
    assert await nothing_was_created(client, admin)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "job_id", ["1", "no-id", "0d5b2c1e-7a34-4f5d-9b1a-3c8e2f6a9d1", "%00", "%ED%A0%80", "x" * 5000]
)
async def test_an_id_that_is_no_uuid_is_refused(client, admin, job_id):
    for suffix in ("", "/events"):
        answer = await client.get(f"/api/v1/jobs/{job_id}{suffix}", headers=admin)
        problem = assert_problem(answer, 422, "request.invalid")
        assert (problem["errors"][0]["in"], problem["errors"][0]["field"]) == ("path", "job_id")


BAD_QUERIES = {
    "limit=0": "limit",
    "limit=-1": "limit",
    "limit=201": "limit",
    "limit=99999999999999999999999": "limit",
    "limit=many": "limit",
    "limit=": "limit",
    "limit=1&limit=2": "limit",
    "status=done": "status",
    "status=pending&status=": "status",
    "stage=%00": "stage",
    "stage=%ff": "stage",
    "stage=%ED%A0%80": "stage",
    "stage=Upper": "stage",
    "stage=" + "x" * 65: "stage",
    "created_by=you": "created_by",
    "cursor=": "cursor",
    "cursor=a%20b": "cursor",
    "cursor=" + "x" * 501: "cursor",
    "sort=name": "sort",
    "Status=pending": "Status",
    "%00=1": "\ufffd",
    "%ff=1": "?",
}


@pytest.mark.anyio
@pytest.mark.parametrize(("query", "field"), BAD_QUERIES.items())
async def test_a_bad_query_is_refused_by_field(client, admin, query, field):
    problem = assert_problem(await client.get(f"/api/v1/jobs?{query}", headers=admin), 422, "request.invalid")
    assert field in {entry["field"] for entry in problem["errors"]}
    assert {entry["in"] for entry in problem["errors"]} == {"query"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1/nothing", "/api/v1/jobs/", "/api/v2/jobs", "/docs/assets/no.js"]
)
async def test_an_unknown_path_is_a_problem_too(client, path):
    assert_problem(await client.get(path), 404, "request.unknown_path")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/jobs", "GET, HEAD, POST"),
        ("PATCH", "/api/v1/jobs/0d5b2c1e-7a34-4f5d-9b1a-3c8e2f6a9d10", "DELETE, GET, HEAD"),
        ("GET", "/api/v1/jobs/geocoding", "POST"),
        ("DELETE", "/api/v1/jobs/geocoding", "POST"),
        ("TRACE", "/api/health", "GET, HEAD"),
        ("OPTIONS", "/api/v1/setup", "POST"),
    ],
)
async def test_a_method_that_a_path_does_not_have_names_those_it_has(client, method, path, allowed):
    answer = await client.request(method, path)
    assert_problem(answer, 405, "request.method_not_allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.anyio
async def test_the_callers_request_id_is_kept_when_it_is_a_plain_one(client):
    for good in ("trace-1.a_B", "x" * 64):
        kept = await client.get("/api/health/live", headers={"X-Request-ID": good})
        assert kept.headers["x-request-id"] == good
    for bad in ("a b", "<script>", "x" * 65, "\xe9"):
        made = await client.get("/api/health/live", headers=[(b"x-request-id", bad.encode("latin-1"))])
        assert made.headers["x-request-id"].isalnum()
        assert len(made.headers["x-request-id"]) == 32


@pytest.mark.anyio
async def test_a_defect_is_a_problem_with_an_id_and_without_a_trace(app, client):
    """VR-5: even a defect is a problem document."""

    async def broken():
        raise ZeroDivisionError("secret")

    app.add_api_route("/broken", broken)
    answer = await client.get("/broken")
    assert_problem(answer, 500, "service.internal_error")
    assert "secret" not in answer.text


@pytest.mark.anyio
async def test_answers_carry_the_safety_headers(client):
    headers = (await client.get("/api/v1/nothing")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_json_or_a_problem(body):
    """VR-5: no body leads to a 500."""
    try:
        value = parse(body)
    except (MalformedBody, InvalidRequest):
        return
    json.dumps(value, allow_nan=False).encode()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_any_json_value_that_can_be_stored_is_read_as_it_is(value):
    assert parse(json.dumps(value).encode()) == value


def test_the_deepest_value_that_is_accepted():
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(InvalidRequest):
        parse(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
