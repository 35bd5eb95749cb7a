"""Pages as stories: blocks in order, outputs, and what stops a page."""

from tests.trueup.examples.stories import Project


def test_a_page_is_a_story(project: Project) -> None:
    project.page("""# Parcels

```bash
ID=$(curl -s -d '{"to": "Ada"}' "$BASE_URL/parcels" | jq -r .id)
curl -s "$BASE_URL/parcels/$ID"
```

It answers:

```{.json .output schema=Parcel}
{
  "id": "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44",
  "to": "Ada",
  "posted_at": "2026-02-11T09:30:00+00:00",
  …
}
```

```bash
export ID
cd "$HOME" && mkdir -p sub && cd sub
```

```{.http}
GET /parcels/$ID
Accept: application/json
```

```{.http .output}
HTTP/1.1 200 OK
Content-Type: application/json

{"id": "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44", "posted_at": "2026-02-11T09:30:00+00:00", "state": "posted",
 "to": "Ada", "weight": 12}
```

```python
import os, pathlib
print(len(os.environ["ID"]), pathlib.Path.cwd() == pathlib.Path.home())
```

```{.text .output}
36 True
```

```console
$ basename "$PWD"
sub
$ echo $((1 +
> 1))
2
```

```pycon
>>> 1 + 1
2

>>> def double(n):
...     return 2 * n
>>> double(
...     4)
8
>>> 1 / 0
Traceback (most recent call last):
    ...
ZeroDivisionError: division by zero
```
""")
    result = project.run()
    assert result.findings == ()
    assert result.per_page == {"docs/x.md": 6}
    assert result.written == ()


def test_a_differing_output_shows_a_diff_and_the_way_out(project: Project) -> None:
    finding = project.finding("# T\n\n```bash\necho one; echo two\n```\n\n```{.text .output}\none\nthree\n```\n")
    assert str(finding) == (
        "docs/x.md:7: documented output differs from the real one; run `trueup check docs/x.md:7` to repeat it, "
        "`trueup write docs/x.md:7` to take the output over [example-differs]"
    )
    assert "-three\n+two" in finding.detail


def test_a_failing_block_stops_the_page(project: Project) -> None:
    finding = project.finding(
        "```bash\necho before\nno-such-command\necho after\n```\n\n```bash\ntrue\n```\n\n```python\n1\n```\n"
    )
    assert (finding.line, finding.code) == (1, "example-failed")
    assert finding.message == "bash block ended with status 127; 2 examples after it not run"
    assert finding.detail == "before\ndocs/x.md: line 3: no-such-command: command not found"


def test_a_block_inside_a_list(project: Project) -> None:
    lines = ["```bash", "cat <<E", "a", "  b", "E", "```", "", "```{.text .output}", "a", "  b", "```"]
    assert project.findings("1. Do:\n\n" + "".join(f"    {line}\n" for line in lines)) == []


def test_other_normalisers_on_request(project: Project) -> None:
    block = "```bash\necho 12 rows\n```\n```{.text .output%s}\n99 rows\n```\n"
    assert project.findings(block % ' normalise="integer"') == []
    assert project.findings(block % "") == [(4, "example-differs")]
    assert project.findings("---\ntrueup: {normalise: [integer]}\n---\n" + block % "") == []


def test_pages_do_not_see_each_other(project: Project) -> None:
    post = """curl -sd '{"to": "Ada"}' "$BASE_URL/parcels" >parcel"""
    count = """curl -s "$BASE_URL/parcels" | jq .total"""
    for name in "abcd":
        text = f"```bash\n{post}\n{count}\nls\n```\n```{{.text .output}}\n1\nparcel\n```\n\n{name}\n"
        project.page(text, f"{name}.md")
    result = project.run()
    assert result.findings == ()
    assert sum(result.per_page.values()) == 4


def test_output_that_is_no_utf8(project: Project) -> None:
    assert (
        project.findings(r"```bash" "\n" r"printf 'a\xffb\0c\n'" "\n```\n```{.text .output}\na\ufffdb\0c\n```\n") == []
    )


def test_a_page_that_takes_too_long_in_all(project: Project) -> None:
    project.settings["timeouts"] = {"block": 5, "page": 0.5, "start": 10, "stop": 1}
    finding = project.finding("```bash\nsleep 0.4\n```\n" * 5)
    assert finding.code == "example-timeout"
