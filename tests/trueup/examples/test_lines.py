"""One example alone: what it needs, and nothing else, is run."""

import pytest
from trueup.check import chosen_lines
from trueup.errors import TrueupError

from tests.trueup.examples.stories import Project

PAGE = """# T

```bash
X=1
```

## A

/// scene
///

```bash
echo a $X
```

```{.text .output}
wrong
```

```bash
echo a2
```

```{.text .output}
wrong
```

## Main

```bash
echo main $X
```

```{.text .output}
wrong
```

```json
{
```

``` {.text .literal reason="an idea"}
x
```
"""


def lines(project: Project, *wanted: int) -> list[int]:
    return [finding.line for finding in project.run(*wanted).findings]


@pytest.mark.parametrize(
    ("line", "found", "verified"),
    [
        (3, [], 1),
        (12, [16], 1),
        (17, [16], 1),
        (21, [16, 24], 2),
        (9, [16, 24], 2),
        (31, [34], 2),
        (36, [34], 2),
        (39, [34, 39], 3),
    ],
)
def test_the_blocks_up_to_a_line_of_its_scene_are_run(
    project: Project, line: int, found: list[int], verified: int
) -> None:
    project.page(PAGE)
    result = project.run(line)
    assert [finding.line for finding in result.findings] == found
    assert result.per_page == {"docs/x.md": verified}


def test_several_lines(project: Project) -> None:
    project.page(PAGE)
    assert lines(project, 12, 31) == [16, 34]
    assert lines(project, 12, 21) == [16, 24]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (7, "no example stands there; the nearest begin in line 3 and 12"),
        (1, "no example stands there; the nearest begin in line 3"),
        (999, "no example stands there; the nearest begin in line 38"),
        (43, "this block is marked literal, so there is nothing to run"),
    ],
)
def test_a_line_without_an_example(project: Project, line: int, words: str) -> None:
    project.page(PAGE)
    with pytest.raises(TrueupError, match=f"docs/x.md:{line}: {words}$"):
        project.run(line)


def test_what_stands_behind_a_path() -> None:
    assert chosen_lines(["docs/a.md:3", "docs/a.md:9:1", "docs/b.md", "docs/b.md:4", "docs"]) == {"docs/a.md": [3, 9]}
    with pytest.raises(TrueupError, match=r"docs/a\.md:x: 'x' is no line; write docs/a\.md:41"):
        chosen_lines(["docs/a.md:x"])


def test_a_line_of_a_page_without_examples(project: Project) -> None:
    project.page("text\n")
    with pytest.raises(TrueupError, match="the page has none"):
        project.run(1)


def test_a_block_that_cannot_be_run_keeps_its_finding(project: Project) -> None:
    project.page("```elvish\nx\n```\n")
    assert lines(project, 1) == [1]


def test_writing_one_example_leaves_the_others(project: Project) -> None:
    project.page(PAGE)
    project.run(12, write=True)
    assert project.read() == PAGE.replace("wrong", "a 1", 1)
