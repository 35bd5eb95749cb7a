"""Blocks of Python."""

from tests.trueup.examples.stories import Project


def test_a_python_error_shows_the_page_and_not_the_runner(project: Project) -> None:
    finding = project.finding("# T\n\n```python\ndef f():\n    raise ValueError('bad')\nf()\n```\n")
    assert finding.code == "example-failed"
    assert 'File "docs/x.md", line 6, in <module>\n    f()' in finding.detail
    assert "interpreter.py" not in finding.detail


def test_python_keeps_its_variables_and_a_documented_error_is_fine(project: Project) -> None:
    page = (
        "```python\nx = 1\n```\n```{.python exit=1}\nraise SystemExit(x)\n```\n"
        "```python\nprint(x)\n```\n```{.text .output}\n1\n```\n"
    )
    assert project.findings(page) == []


def test_prompts_that_answer_otherwise(project: Project) -> None:
    finding = project.finding("```pycon\n>>> 1 + 1\n3\n```\n")
    assert (finding.line, finding.code) == (1, "example-differs")
    assert "-3\n+2" in finding.detail


def test_an_undocumented_error_behind_a_prompt(project: Project) -> None:
    finding = project.finding("```python\n>>> 1 / 0\n>>> 2\n2\n```\n")
    assert "+ZeroDivisionError: division by zero" in finding.detail
