"""Blocks of JavaScript."""

import shutil

import pytest

from tests.trueup.examples.stories import Project

PAGE = """```bash
export NAME=Ada
```

```javascript
const name = await Promise.resolve(process.env.NAME);
console.log(`Hello, ${name}`);
```

``` {.text .output}
Hello, Bob
```
"""
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")


@needs_node
def test_javascript_runs_with_the_variables_of_the_page_and_its_output_is_compared(project: Project) -> None:
    finding = project.finding(PAGE)
    assert (finding.line, finding.code) == (10, "example-differs")
    assert "-Hello, Bob\n+Hello, Ada" in finding.detail


@needs_node
def test_an_error_names_the_line_of_the_page(project: Project) -> None:
    finding = project.finding("# T\n\n```js\nconst f = () => {\n  throw new Error('bad');\n};\nf();\n```\n")
    assert (finding.line, finding.code) == (3, "example-failed")
    assert "docs/x.md.mjs:5" in finding.detail
    assert "Error: bad" in finding.detail


def test_without_node_it_is_said_that_nothing_ran(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trueup.verify.bench.shutil.which", lambda _: None)
    project.page(PAGE)
    result = project.run()
    assert result.findings == ()
    assert result.note == "node is not installed, so blocks of JavaScript were not run"
