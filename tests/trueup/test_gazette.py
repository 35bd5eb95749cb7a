"""The second sample application, quite another than the first, passes the same checks and fails them as surely."""

import pytest

from tests.trueup.conftest import Project


def test_everything_about_it_is_true_examples_included(gazette: Project) -> None:
    report = gazette.check(links=True, examples=True)
    assert list(report.findings) == []
    assert report.pages["docs/guide.md"].examples == 4


CHANGES = [
    ("src/gazette/main.py", '@app.websocket("/feed")', '@app.websocket("/news")', "operation-unknown"),
    ("src/gazette/main.py", 'app.mount("/press", press)', 'app.mount("/print", press)', "operation-unknown"),
    ("src/gazette/main.py", "file: UploadFile, board", "paper: UploadFile, board", "fact-renamed"),
    ("src/gazette/main.py", "Send each new notice as JSON", "Send nothing", "fact-changed"),
    ("src/gazette/config.py", "longest: int = 2000", "longest: int = 3000", "fact-changed"),
    ("src/gazette/cli.py", '"--width"', '"--columns"', "fact-renamed"),
    ("src/gazette/board.py", "text: str = Field", "words: str = Field", "fact-renamed"),
    ("docs/guide.md", "`WEBSOCKET /feed`", "`WEBSOCKET /feeds`", "operation-unknown"),
    ("docs/guide.md", "{{ key.longest.default }} characters", "2000 characters", "value-bare"),
]


@pytest.mark.parametrize(("path", "old", "new", "code"), CHANGES, ids=[f"{each[1]}" for each in CHANGES])
def test_a_change_is_found(gazette: Project, path: str, old: str, new: str, code: str) -> None:
    gazette.edit(path, old, new)
    assert code in {finding.code for finding in gazette.findings()}


def test_a_new_web_socket_needs_a_page(gazette: Project) -> None:
    gazette.edit("docs/reference.md", "filter: {hidden: true, own: true}", 'filter: {key: "GET /press/*"}')
    found = [finding for finding in gazette.findings() if finding.code == "route-hidden"]
    assert [(finding.path, "WEBSOCKET /feed" in finding.message) for finding in found] == [
        ("src/gazette/main.py", True)
    ]


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("app.dependency_overrides[today] = lambda: config.printed_on", "pass", "1851-05-01"),
        ("status_code=201", "status_code=500", "status 22"),
        ("await socket.accept()", "await socket.close()", "rejected"),
    ],
)
def test_an_example_fails_when_the_service_does_something_else(
    gazette: Project, old: str, new: str, shown: str
) -> None:
    gazette.edit("src/gazette/main.py", old, new)
    gazette.edit(
        "docs/guide.md", 'curl -s "$BASE_URL/notices" -F file=@cat.txt', 'curl -sf "$BASE_URL/notices" -F file=@cat.txt'
    )
    gazette.write()
    report = gazette.check("docs/guide.md", examples=True)
    assert {finding.code for finding in report.findings} <= {"example-differs", "example-failed"}
    assert any(shown in finding.message + finding.detail for finding in report.findings)
