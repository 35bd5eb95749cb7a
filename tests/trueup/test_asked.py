"""Parameters and fields in the requests of examples: what a service would ignore is found."""

import pytest
from trueup.asked import Asked
from trueup.curls import requests
from trueup.facts import Fact, Inventory
from trueup.operations import Operations
from trueup.pages import Page
from trueup.vocabulary import Vocabulary


def operation(method: str, path: str, id: str) -> Fact:
    return Fact("operation", f"{method} {path}", {"method": method, "path": path, "id": id})


INVENTORY = Inventory(
    [
        operation("GET", "/api/loans", "listLoans"),
        operation("POST", "/api/loans", "lendBook"),
        operation("POST", "/api/desks", "openDesk"),
        Fact("parameter", "listLoans.state", {"name": "state", "operation": "listLoans"}),
        Fact("parameter", "listLoans.limit", {"name": "limit", "operation": "listLoans"}),
    ]
)


def takes(schema: dict[str, object]) -> dict[str, object]:
    return {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}


DOCUMENT = {
    "paths": {
        "/api/loans": takes({"$ref": "#/components/schemas/Loan"}),
        "/api/desks": takes({"properties": {"seats": {}}, "additionalProperties": False}),
    },
    "components": {"schemas": {"Loan": {"properties": {"book": {}, "note": {}}}}},
}

FOUND = [
    ('curl -s "$BASE_URL/api/loans?state=lent&limt=3"', "GET /api/loans has no parameter limt", "did you mean limit?"),
    ('curl -s "http://localhost:8000/api/loans?stat=$STATE" | jq .', "GET /api/loans has no parameter stat", "state?"),
    ("curl -G $BASE_URL/api/loans -d stat=lent", "GET /api/loans has no parameter stat", "state?"),
    ('curl $BASE_URL/api/loans --json \'{"bok": "Emma"}\'', "POST /api/loans takes no field bok", "book?"),
    ("curl $BASE_URL/api/loans \\\n  --json '{\"zzz\": 1}'", "POST /api/loans takes no field zzz", ""),
]

FINE = [
    'curl -s "$BASE_URL/api/loans?state=lent&limit=$LIMIT"',
    'curl -s "$BASE_URL/api/loans?limit=2${cursor:+&state=$cursor}"',
    'curl -s "$BASE_URL/api/nowhere?x=1"',
    'curl $BASE_URL/api/loans --json \'{"book": "Emma"}\'',
    "curl $BASE_URL/api/loans --json @loan.json",
    "curl $BASE_URL/api/loans --json '{\"book\": '",
    "curl $BASE_URL/api/loans --json '[1]'",
    "curl $BASE_URL/api/desks --json '{\"chairs\": 3}'",  # it is run, and the service refuses it
    'curl "unclosed $BASE_URL/api/loans?stat=x',
]


def findings(script: str, header: str = "bash", vocabulary: Vocabulary | None = None) -> list[tuple[int, str, str]]:
    text = f"# Loans\n\n``` {{.{header}}}\necho\n{script}\n```\n"
    asked = Asked(Operations(INVENTORY), vocabulary or Vocabulary(), DOCUMENT)
    return [(each.line, each.message, each.mend) for each in asked.check(Page("docs/a.md", "a.md", text))]


@pytest.mark.parametrize(("script", "message", "mend"), FOUND)
def test_a_name_that_the_service_would_ignore_is_found_on_its_line(script: str, message: str, mend: str) -> None:
    ((line, said, how),) = findings(script)
    assert (line, said) == (5, message)
    assert mend in how


@pytest.mark.parametrize("script", FINE)
def test_a_request_that_the_service_understands_or_refuses_is_left_alone(script: str) -> None:
    assert findings(script) == []


def test_a_field_that_the_service_refuses_is_found_where_the_block_is_not_run() -> None:
    ((_, said, _),) = findings("curl $BASE_URL/api/desks --json '{\"chairs\": 3}'", 'bash .literal reason="no desk"')
    assert said == "POST /api/desks takes no field chairs"


def test_a_word_of_the_vocabulary_may_be_asked_for() -> None:
    assert findings("curl '$BASE_URL/api/loans?utm=x'", vocabulary=Vocabulary({"utm": "other services add it"})) == []


def test_the_method_and_the_query_of_a_request_are_those_that_curl_makes() -> None:
    script = (
        "curl -sI $URL/a\ncurl -XDELETE $URL/b\ncurl --request PATCH $URL/c\ncurl -T file $URL/d\n"
        "x=$(curl -sG $URL/e --data-urlencode 'text=a b')"
    )
    made = [(each.method, each.path, each.query, each.line) for each in requests(script)]
    assert made[:4] == [("HEAD", "/a", "", 0), ("DELETE", "/b", "", 1), ("PATCH", "/c", "", 2), ("PUT", "/d", "", 3)]
    assert made[4:] == [("GET", "/e", "text=a b", 4)]
