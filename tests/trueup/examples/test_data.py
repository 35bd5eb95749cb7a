"""Blocks that are not run."""

import pytest

from tests.trueup.examples.stories import Project


@pytest.mark.parametrize(
    ("block", "codes"),
    [
        ("```json\n{}\n```\n", []),
        ("```json\n{\n  oops\n}\n```\n", [(3, "block-invalid")]),
        ('```{.json schema=Parcel}\n{"id": 1, "to": "Ada"}\n```\n', []),
        ('```{.json schema=Parcel}\n{"id": 1, "to": ""}\n```\n', [(1, "schema-mismatch")]),
        ('```{.json schema=Parsel}\n{"id": 1}\n```\n', [(1, "schema-unknown")]),
        ("```yaml\na: !tag [1, 2]\n---\nb: 1\n```\n", []),
        ("```yaml\na: 1\nb: [\n```\n", [(3, "block-invalid")]),
        ("```toml\na = 1\n```\n", []),
        ("```toml\na = 1\nb =\n```\n", [(3, "block-invalid")]),
        ("```ini\n[Unit]\nAfter=a\nAfter=b%i\nalone\n```\n", []),
        ("```ini\n[Unit\n```\n", [(2, "block-invalid")]),
        ("```nginx\nlisten 80;\n```\n", [(1, "block-unverified")]),
        ("```\nplain\n```\n", [(1, "block-unverified")]),
        ('```{.text .literal reason="an idea"}\nplain\n```\n', []),
        ("```{.text .literal}\nplain\n```\n", [(1, "literal-unexplained")]),
        ("```{.text .output}\nplain\n```\n", [(1, "output-orphan")]),
        ('```{.bash exit="one"}\ntrue\n```\n', [(1, "block-attribute")]),
        ('```{.bash normalise="everything"}\ntrue\n```\n', [(1, "block-attribute")]),
        ('```{.bash expect="1"}\ntrue\n```\n', [(1, "block-attribute")]),
        ('```bash title="Do it" hl_lines="1"\ntrue\n```\n', []),
    ],
)
def test_blocks_that_are_not_run(project: Project, block: str, codes: list[tuple[int, str]]) -> None:
    assert project.findings(block) == codes


def test_a_consumer_that_is_not_installed_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.page("``` {.yaml consumer=prometheus}\nscrape_configs: []\n```\n")
    monkeypatch.setenv("PATH", "/nowhere")
    result = project.run()
    assert (result.findings, result.note[:25]) == ((), "promtool is not installed")
    project.page("```yaml\na: 1\n```\n")
    assert project.run().note == ""
