"""Blocks of requests and responses."""

import pytest

from tests.trueup.examples.stories import Project


def test_http_answers_are_compared_by_status_named_headers_and_body(project: Project) -> None:
    post = '```http\nPOST /parcels\nContent-Type: application/json\n\n{"to": "Ada"}\n```\n'
    good = (
        '```{.http .output volatile="weight"}\n201 Created\nLocation: /parcels/0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44\n\n'
        '{\n  "id": "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44",\n  "weight": 99,\n  …\n}\n```\n'
    )
    assert project.findings(post + good) == []
    finding = project.finding(post + good.replace("201 Created", "200 OK").replace("Location", "Place"))
    assert finding.code == "example-differs"
    assert "-200 OK" in finding.detail
    assert "+201 Created" in finding.detail
    assert "+(Place is absent)" in finding.detail


def test_an_id_shown_earlier_may_be_used_in_a_request(project: Project) -> None:
    page = (
        '```http\nPOST /parcels\n\n{"to": "Ada"}\n```\n'
        '```{.json .output}\n{\n  "id": "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44",\n  …\n}\n```\n'
        "```http\nGET /parcels/0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44\n```\n"
    )
    assert project.findings(page) == []


def test_an_answer_that_is_an_error_must_be_documented(project: Project) -> None:
    assert "status 404, not 2xx" in project.finding("```http\nGET /nowhere\n```\n").message
    assert project.findings("```{.http status=404}\nGET /nowhere\n```\n") == []


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("FETCH it", 2, "is no request line"),
        ("GET /parcels\nno header", 3, "is no header"),
        ("GET /parcels/$PARCEL", 2, r"variable $PARCEL is not set"),
    ],
)
def test_a_request_that_cannot_be_sent(project: Project, source: str, line: int, words: str) -> None:
    finding = project.finding(f"```http\n{source}\n```\n")
    assert (finding.line, finding.code) == (line, "block-invalid")
    assert words in finding.message


def test_a_response_without_end(project: Project) -> None:
    assert project.findings("```http\nGET /flood\n```\n") == [(1, "example-flood")]


@pytest.mark.parametrize("code", ["curl -s http://127.0.0.1:8000/parcels || true", "x=http://localhost:8000/ready"])
def test_a_block_that_asks_another_service_than_its_pages_is_stopped_even_if_it_would_succeed(
    project: Project, code: str
) -> None:
    finding = project.finding(f"```bash\ntrue\n{code}\n```\n")
    assert (finding.line, finding.code, finding.mend) == (3, "example-elsewhere", "write $BASE_URL")
    assert "8000, which is not the service of this page" in finding.message


def test_a_block_may_ask_what_its_page_has_started(project: Project) -> None:
    assert project.findings("```bash\nPORT=9\n```\n\n```bash\ncurl -s http://127.0.0.1:9/ || true\n```\n") == []
