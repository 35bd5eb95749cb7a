"""The types of Python blocks, checked by mypy over all blocks of a page together."""

from pathlib import Path

import pytest
from trueup import blocktypes
from trueup.config import Config
from trueup.findings import Finding
from trueup.pages import read_pages

PAGE = """# Parcels

```python
import shop

heavy = shop.weigh("a", 2)
```

Later:

```pycon
>>> heavy + 1.5
3.5
>>> shop.weigh("a")
Traceback (most recent call last):
    ...
TypeError: weigh() missing 1 required positional argument: 'count'
```

``` {.python .literal reason="an idea"}
shop.nothing()
```
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "shop.py").write_text("def weigh(parcel: str, count: int) -> float:\n    return count * 1.0\n")
    return tmp_path


def check(root: Path, page: str) -> tuple[Finding, ...]:
    (root / "docs" / "x.md").write_text(page)
    result = blocktypes.run(Config(), root, read_pages(root, Path("docs")))
    assert result.counted == page.count("```python") + page.count("```pycon")
    return result.findings


def test_blocks_that_use_the_code_as_it_is(root: Path) -> None:
    assert check(root, PAGE) == ()
    assert check(root, "# Nothing\n") == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "part"),
    [
        ('weigh("a", 2)\n```', 'weigh("a", "2")\n```', 6, 'Argument 2 to "weigh" has incompatible type "str"'),
        ("heavy + 1.5", 'heavy + "g"', 12, "Unsupported operand types for +"),
        ("import shop\n", "import shop\n\n\ndef unused() -> None:\n    shop.wiegh()\n", 8, 'no attribute "wiegh"'),
    ],
)
def test_a_wrong_type_is_found_on_its_line(root: Path, old: str, new: str, line: int, part: str) -> None:
    assert old in PAGE
    (finding,) = check(root, PAGE.replace(old, new))
    assert (finding.path, finding.line, finding.code) == ("docs/x.md", line, "example-types")
    assert part in finding.message
