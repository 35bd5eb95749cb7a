import re

from hypothesis import given
from hypothesis import strategies as st
from markdown import markdown
from trueup.pages import Page, Prose, digest, spans

WORDS = st.text("abcxyz_.-/", min_size=1, max_size=12)
LINES = st.lists(
    st.one_of(
        st.just(""),
        WORDS,
        WORDS.map(lambda word: f"text `{word}` text"),
        WORDS.map(lambda word: f"- item `{word}`"),
        WORDS.map(lambda word: f"# Heading {word}"),
        WORDS.map(lambda word: f"```bash\n{word}\n```"),
        WORDS.map(lambda word: f"    ```json\n    {word}\n    ```"),
        WORDS.map(lambda word: f"/// facts | {word}\nkind: {word}\n///"),
    ),
    max_size=12,
)


def page(text: str) -> Page:
    return Page("docs/page.md", "page.md", text)


@given(LINES, st.booleans())
def test_everything_stands_on_the_line_that_it_says(lines: list[str], front: bool) -> None:
    text = ("---\ntitle: x\n---\n" if front else "") + "\n".join(lines)
    read = page(text)
    rows = text.splitlines()
    for span in read.spans:
        assert rows[span.line - 1][span.column - 1] == "`"
        assert rows[span.line - 1][span.column :].startswith(span.text)
    for block in read.blocks:
        assert rows[block.line - 1].strip().startswith("```")
        assert rows[block.end - 1].strip() == "```"
        inner = [row[len(block.prefix) :] for row in rows[block.line : block.end - 1]]
        assert block.source == "".join(f"{row}\n" for row in inner)
    for directive in read.directives:
        assert rows[directive.line - 1].startswith("/// facts | " + directive.argument)
        assert rows[directive.end - 1] == "///"
    for prose in read.prose:
        count = prose.text.count("\n") + 1
        assert "\n".join(rows[prose.line - 1 : prose.line - 1 + count]) == prose.text


@given(LINES)
def test_no_line_belongs_to_two_parts(lines: list[str]) -> None:
    read = page("\n".join(lines))
    taken = [number for block in read.blocks for number in range(block.line, block.end + 1)]
    taken += [number for each in read.directives for number in range(each.line, each.end + 1)]
    taken += [number for each in read.prose for number in range(each.line, each.line + each.text.count("\n") + 1)]
    assert len(taken) == len(set(taken))
    assert {number for number, row in enumerate("\n".join(lines).split("\n"), 1) if row} <= set(taken)


@given(st.text("ab `\\", max_size=30))
def test_inline_code_is_what_the_renderer_makes_of_it(text: str) -> None:
    """Python-Markdown agrees, wherever the text is one plain paragraph."""
    text = f"x{text}x"
    rendered = re.findall(r"<code>(.*?)</code>", markdown(text), re.DOTALL)
    found = [span.text for span in spans(Prose(1, text))]
    assert [" ".join(each.split()) for each in rendered] == found


@given(LINES)
def test_digest_ignores_line_ends_and_surrounding_space(lines: list[str]) -> None:
    body = "\n".join(lines)
    assert digest(body) == digest(f"\n\n{body}\n\n".replace("\n", "\r\n"))


def test_headers_of_fences() -> None:
    read = page(
        '```bash title="a b"\n```\n'
        '``` {.bash .literal reason="x y" exit=1}\n```\n'
        "~~~ {.json .output}\n~~~\n"
        "```\n```\n"
        "```python {.literal}\n```\n"
    )
    heads = [(block.language, block.classes, dict(block.attributes)) for block in read.blocks]
    assert heads == [
        ("bash", (), {"title": "a b"}),
        ("bash", ("literal",), {"reason": "x y", "exit": "1"}),
        ("json", ("output",), {}),
        ("", (), {}),
        ("python", ("literal",), {}),
    ]
    assert not read.findings


def test_a_fence_ends_at_its_own_indentation_only() -> None:
    read = page("- a\n\n    ```\n    x\n```\n    ```\n")
    assert [(f.line, f.code) for f in read.findings] == [(3, "fence-unclosed"), (5, "fence-unclosed")]


def test_fences_in_quotes_and_longer_fences() -> None:
    read = page("> ```\n> x\n> ```\n\n````\n```\n````\n")
    assert [(block.prefix, block.source) for block in read.blocks] == [("> ", "x\n"), ("", "```\n")]


def test_a_header_that_cannot_be_read() -> None:
    assert [f.code for f in page("``` bash exit:1 {x\n```\n").findings] == ["fence-malformed"]


def test_front_matter() -> None:
    read = page("---\na: [1]\n---\n\n# T\n")
    assert (read.meta, read.offset, read.body) == ({"a": [1]}, 3, "\n# T\n")
    assert [(f.line, f.code) for f in page("---\na: [\n---\n").findings] == [(1, "front-matter-invalid")]
    assert [f.code for f in page("---\n- a\n---\n").findings] == ["front-matter-invalid"]
    assert page("# no\n---\n").offset == 0


def test_comments_hold_no_code() -> None:
    read = page("`a` <!-- `b` --> `c`\n<!--\n`d`\n--> `e`\n")
    assert [(span.line, span.column, span.text) for span in read.spans] == [(1, 1, "a"), (1, 18, "c"), (4, 5, "e")]


def test_an_unclosed_fact_block() -> None:
    assert [(f.line, f.code) for f in page("x\n\n/// facts | a\nb: c\n").findings] == [(3, "block-unclosed")]


def test_code_does_not_cross_items_rows_or_headings() -> None:
    read = page("- a ` b\n- c ` d\n\n| ` |\n| ` |\n\n# x `\ny `\n")
    assert read.spans == []
