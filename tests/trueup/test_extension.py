"""The extension on its own, as a builder uses it."""

import logging
import os
import re
from pathlib import Path
from typing import Any

import pytest
from lxml.html import fromstring
from markdown import Markdown


@pytest.fixture
def render(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(project.root)

    def convert(text: str) -> str:
        return Markdown(extensions=["attr_list", "tables", "trueup.extension"]).convert(text)

    return convert


def body(project: Any, name: str) -> str:
    return (project.root / "docs" / name).read_text().split("---\n", 2)[-1]


def test_a_page_is_known_by_its_body(project: Any, render: Any) -> None:
    html = render(body(project, "guide/settings.md"))
    assert "A loan lasts 21 days" in html
    assert 'id="setting-loan_days"' in html
    assert "Not verified in this build." in html
    assert 'href="../reference.md#listLoans"' not in html


def test_a_search_finds_what_is_promised_but_not_the_source_of_its_tests(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add("tests/test_loans.py", "def test_a_loan_ends():\n    assert [] == list()\n")
    evidence = "\n/// evidence | A loan ends.\n- tests/test_loans.py::test_a_loan_ends\n///\n\nThen it begins.\n"
    project.add("docs/guide/loans.md", evidence)
    monkeypatch.chdir(project.root)
    extensions = ["attr_list", "pymdownx.details", "pymdownx.superfences", "trueup.extension"]
    page = fromstring(Markdown(extensions=extensions).convert(body(project, "guide/loans.md")))
    (left_out,) = page.cssselect("[data-search-exclude]")
    assert (left_out.tag, "test_a_loan_ends" in left_out.text_content()) == ("details", True)
    assert left_out.getprevious().text_content() == "A loan ends."


def test_links_lead_to_markdown_files_for_the_builder_to_rewrite(project: Any, render: Any) -> None:
    html = render(body(project, "index.md"))
    assert '<a class="trueup-ref" href="guide/loans.md#state-lent"><code>lent</code></a>' in html
    assert '<a class="trueup-ref" href="reference.md#listLoans"><code>GET /loans?state=overdue</code></a>' in html


def test_a_diagram_of_mermaid_is_a_picture_without_script_or_request(project: Any, render: Any) -> None:
    blocks = "".join(
        f'```{{.mermaid title="{title}"}}\nflowchart LR\n  desk[Desk] --> shelf[Shelf]\n```\n\n'
        for title in ("Here", "There")
    )
    project.add("docs/guide/drawn.md", f"# Drawn\n\n{blocks}")
    html = render(body(project, "guide/drawn.md"))
    assert html.count("<svg") == html.count("trueup-mermaid") == 2
    assert "<figcaption>There</figcaption>" in html
    assert re.search(r"<tspan[^>]*>Shelf</tspan>", html)
    ids = re.findall(r'(?<![\w-])id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert all(f'id="{used}"' in html for used in re.findall(r"url\(#([^)]+)\)", html))
    assert not re.search(r"<script|(?:src|href)=|@import|(?:fill|stroke)(?:=\"|:)#", html)


def test_a_diagram_that_cannot_be_drawn_stays_as_it_is(project: Any, render: Any) -> None:
    project.add("docs/guide/drawn.md", "# Drawn\n\n```mermaid\nflowchart LR\n  desk -> \n```\n")
    assert "<svg" not in render(body(project, "guide/drawn.md"))


def test_text_that_is_no_page_is_left_alone(render: Any) -> None:
    assert render("A docstring with `lent` and {{ setting.LOAN_DAYS.default }}.") == (
        "<p>A docstring with <code>lent</code> and {{ setting.LOAN_DAYS.default }}.</p>"
    )


def test_a_page_that_changes_while_a_builder_runs_is_known_again(project: Any, render: Any) -> None:
    render(body(project, "index.md"))
    project.edit("docs/index.md", "A loan is", "Any loan is")
    assert 'class="trueup-ref"' in render(body(project, "index.md"))
    project.add("docs/new.md", "# New\n\n`lent`\n")
    assert 'href="guide/loans.md#state-lent"' in render("# New\n\n`lent`\n")


def test_a_new_inventory_is_read_while_a_builder_runs(project: Any, render: Any) -> None:
    assert "A loan lasts 21 days" in render(body(project, "guide/settings.md"))
    project.edit("docs/inventory.json", '"default": 21', '"default": 28')
    os.utime(project.root / "docs/inventory.json", ns=(1, 1))
    assert "A loan lasts 28 days" in render(body(project, "guide/settings.md"))


def test_what_is_wrong_with_a_block_is_a_warning_that_strict_builders_count(
    project: Any, render: Any, caplog: pytest.LogCaptureFixture
) -> None:
    project.edit("docs/guide/settings.md", "/// facts | settings", "/// facts | setings")
    with caplog.at_level(logging.WARNING, logger="mkdocs"):
        render(body(project, "guide/settings.md"))
    assert "docs/guide/settings.md:10: unknown view or kind 'setings'" in caplog.text


def test_a_missing_inventory_is_a_warning(project: Any, render: Any, caplog: pytest.LogCaptureFixture) -> None:
    Path(project.root / "docs/inventory.json").unlink()
    with caplog.at_level(logging.WARNING, logger="mkdocs"):
        render(body(project, "index.md"))
    assert "docs/inventory.json holds no facts; run trueup write" in caplog.text
