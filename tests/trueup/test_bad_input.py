"""Input that nobody should write, and one clear answer to it."""

from typing import Any


def test_pages_that_include_each_other_in_a_circle_come_to_an_end(project: Any) -> None:
    project.edit(
        "mkdocs.yml", "  - pymdownx.details\n", "  - pymdownx.details\n  - pymdownx.snippets: {base_path: [docs]}\n"
    )
    project.add("docs/index.md", '\n--8<-- "more.md"\n')
    project.add("docs/more.md", 'More.\n\n--8<-- "index.md"\n')
    assert {finding.path for finding in project.findings(links=True)} <= {"docs/index.md", "docs/more.md"}
