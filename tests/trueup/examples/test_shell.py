"""Blocks of shell commands."""

import pytest

from tests.trueup.examples.stories import Project


@pytest.mark.parametrize(
    "code",
    ["false", "false | true", "x=$(false)", "f() { false; echo go on; }; f", "(exit 1)", "ls /nowhere >/dev/null"],
)
def test_every_failing_command_counts(project: Project, code: str) -> None:
    assert project.findings(f"```bash\n{code}\necho not reached\n```\n") == [(1, "example-failed")]


def test_a_documented_failure_is_fine_and_its_absence_is_not(project: Project) -> None:
    assert project.findings("```{.bash exit=3}\nX=1\n(exit 3)\n```\n```bash\n[ $X = 1 ]\n```\n") == []
    assert "ended with status 0, expected 3" in project.finding("```{.bash exit=3}\ntrue\n```\n").message


def test_errors_are_part_of_the_output_as_on_a_terminal(project: Project) -> None:
    assert project.findings("```bash\necho a; echo b >&2; echo c\n```\n```{.text .output}\na\nb\nc\n```\n") == []


def test_curl_shows_no_progress_meter(project: Project) -> None:
    page = '```bash\ncurl "$BASE_URL/parcels"\n```\n```{.json .output}\n{"items": [], "total": 0}\n```\n'
    assert project.findings(page) == []


def test_a_console_command_fails_at_its_own_line(project: Project) -> None:
    assert project.findings("```console\n$ echo a\na\n$ false\n$ echo b\nb\n```\n") == [(4, "example-failed")]
    assert project.findings("```{.console exit=1}\n$ echo a\na\n$ false\n```\n") == []


def test_a_console_block_without_a_command(project: Project) -> None:
    assert project.findings("```console\nls\n```\n") == [(1, "block-invalid")]
