"""Writing outputs into pages."""

from tests.trueup.examples.stories import Project


def test_writing_takes_over_what_differs_and_leaves_the_rest(project: Project) -> None:
    text = """# T

> ```bash
> curl -s -d '{"to": "Ada"}' "$BASE_URL/parcels"
> ```
>
> ```{.json .output volatile="weight"}
> {
>   "id": "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44",
>   "to": "Bob",
>   "weight": 99,
>   …
> }
> ```

```bash
echo "see $BASE_URL/parcels"
```

```{.text .output}
old
```

```bash
date -u +%FT%TZ
```

```{.text .output}
2026-02-11T09:30:00Z
```

```console
$ echo 1
2
```
"""
    project.page(text)
    result = project.run(write=True)
    assert result.findings == ()
    assert result.written == ("docs/x.md",)
    expected = text.replace('"Bob"', '"Ada"').replace("old", "see http://127.0.0.1:8000/parcels")
    assert project.read() == expected.replace("echo 1\n2", "echo 1\n1")
    assert project.run().findings == ()
    assert project.run(write=True).written == ()


def test_writing_fills_an_empty_output(project: Project) -> None:
    project.page(
        "```http\nGET /parcels\n```\n```{.http .output}\n```\n"
        "```bash\necho a; echo; echo b\n```\n```{.text .output}\n```\n"
    )
    project.run(write=True)
    assert project.read() == (
        "```http\nGET /parcels\n```\n```{.http .output}\nHTTP/1.1 200 OK\nContent-Type: application/json\n\n"
        '{\n  "items": [],\n  "total": 0\n}\n```\n```bash\necho a; echo; echo b\n```\n```{.text .output}\na\n\nb\n```\n'
    )
    assert project.run().findings == ()


def test_an_empty_output_is_a_difference_that_writing_mends(project: Project) -> None:
    page = "```http\nGET /parcels\n```\n```{.json .output}\n```\n"
    finding = project.finding(page)
    assert (finding.line, finding.code) == (4, "example-differs")
    assert '+{"items": [], "total": 0}' in finding.detail
    project.run(write=True)
    assert '  "items": [],\n' in project.read()


def test_writing_does_not_hide_a_failure(project: Project) -> None:
    project.page("```bash\nfalse\n```\n```{.text .output}\nx\n```\n")
    result = project.run(write=True)
    assert [finding.code for finding in result.findings] == ["example-failed"]
    assert project.read().endswith("x\n```\n")


def test_line_ends_survive_writing(project: Project) -> None:
    (project.root / "docs" / "x.md").write_bytes(b"```bash\r\necho a\r\n```\r\n```{.text .output}\r\nb\r\n```\r\n")
    project.run(write=True)
    assert (project.root / "docs" / "x.md").read_bytes() == (
        b"```bash\r\necho a\r\n```\r\n```{.text .output}\r\na\r\n```\r\n"
    )
