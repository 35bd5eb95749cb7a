"""Input that nobody should write, and one clear answer to it."""

from typing import Any

import pytest
from trueup.errors import TrueupError


def test_pages_that_include_each_other_in_a_circle_come_to_an_end(project: Any) -> None:
    project.edit(
        "mkdocs.yml", "  - pymdownx.details\n", "  - pymdownx.details\n  - pymdownx.snippets: {base_path: [docs]}\n"
    )
    project.add("docs/index.md", '\n--8<-- "more.md"\n')
    project.add("docs/more.md", 'More.\n\n--8<-- "index.md"\n')
    assert {finding.path for finding in project.findings(links=True)} <= {"docs/index.md", "docs/more.md"}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise RuntimeError('no key')", "RuntimeError: no key"),
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("def f(:", "SyntaxError"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
    ],
)
def test_a_module_that_fails_on_import_is_one_error_that_names_it(project: Any, code: str, words: str) -> None:
    before = [*(project.root / "docs").rglob("*")]
    project.add("library/main.py", f"\n{code}\n")
    with pytest.raises(TrueupError) as error:
        project.findings()
    assert "library.main" in str(error.value)
    assert words in str(error.value)
    assert [*(project.root / "docs").rglob("*")] == before


def test_a_module_that_never_ends_is_one_error_that_names_the_line(project: Any) -> None:
    project.add("pyproject.toml", "\n[tool.trueup.timeouts]\nfacts = 1\n")
    path = project.root / "library/main.py"
    path.write_text(f"while True:\n    pass\n{path.read_text()}")
    with pytest.raises(TrueupError, match=r"TimeoutError: did not end within 1 s \(library/main\.py:[12]\)"):
        project.findings()


def test_two_facts_with_one_key_are_one_error_that_names_both_places(project: Any) -> None:
    project.add(
        "library/facts.py", '\n_collect = collect\n\n\ndef collect():\n    one = {"kind": "state", "key": "lent"}\n'
    )
    project.add(
        "library/facts.py", '    yield from _collect()\n    yield {**one, "file": "library/twin.py", "line": 7}\n'
    )
    with pytest.raises(TrueupError, match=r"two facts are 'state:lent': library/\S+ and library/twin.py:7; give one"):
        project.findings()


@pytest.mark.parametrize(("text", "byte"), [("# Gr\xfc\xdfe\n".encode("latin-1"), 4), ("# x\n".encode("utf-16"), 0)])
def test_a_page_in_another_encoding_is_one_error_that_names_it(project: Any, text: bytes, byte: int) -> None:
    page = project.root / "docs/other.md"
    page.write_bytes(text)
    with pytest.raises(TrueupError, match=rf"docs/other.md: is no UTF-8 text \(byte {byte}\)"):
        project.findings()
    assert page.read_bytes() == text


def test_a_page_whose_fence_is_not_closed_is_checked_up_to_there(project: Any) -> None:
    project.add("docs/open.md", "# Open\n\n`LOANS_DAYS`\n\n```bash\necho\n\nThe `end`.\n")
    assert [(each.line, each.code) for each in project.findings() if each.path == "docs/open.md"] == [
        (3, "setting-unknown"),
        (5, "fence-unclosed"),
    ]
