# ruff: noqa: E501 (the sample document reads best compactly)
"""Views, and the extension that puts them into pages."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from trueup import blocks
from trueup.bindings import Bindings
from trueup.facts import Fact, Inventory
from trueup.pages import Page
from trueup.report import CheckEntry, PageEntry, Report
from trueup.stamp import stamp

INVENTORY = Inventory(
    [
        Fact("setting", "DAYS", {"type": "integer", "default": 3, "range": "1 to 9", "description": "Days <b>.", "group": "a", "order": 1}),
        Fact("setting", "KEY", {"type": "text", "default": None, "secret": True, "description": "A|B", "group": "b", "order": 0}),
        Fact("setting", "MODE", {"type": "choice", "default": "x", "choices": ["x", "y"], "description": "", "group": "b", "order": 2}),
        Fact("state", "open", {"summary": "Is `open`.", "order": 0}),
        Fact("state", "shut", {"summary": "Is shut.", "order": 1}),
        Fact("move", "a", {"source": None, "target": "open", "label": "make", "who": "user", "order": 0}),
        Fact("move", "b", {"source": "open", "target": "shut", "label": "close", "who": "user", "order": 1}),
        Fact("move", "c", {"source": "open", "target": "shut", "label": "slam & lock", "who": "user", "order": 2}),
        Fact("move", "d", {"source": "shut", "target": "open", "label": "<open>", "who": "timer", "order": 3}),
        Fact("move", "e", {"source": "open", "target": "open", "label": "knock", "who": "timer", "order": 4}),
    ]
)  # fmt: skip

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/doors/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}],
            "put": {
                "operationId": "setDoor",
                "summary": "Set a door",
                "description": "Opens or shuts it.",
                "tags": ["doors"],
                "security": [{"bearer": []}],
                "x-permission": "doors.set",
                "parameters": [
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}, "description": "Any text."},
                    {"name": "mode", "in": "query", "schema": {"anyOf": [{"$ref": "#/components/schemas/Mode"}, {"type": "null"}], "default": "soft"}},
                    {"$ref": "#/components/parameters/Limit"},
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Door"},
                            "examples": {"a": {"summary": "Open it", "value": {"state": "open"}}},
                        }
                    },
                },
                "responses": {
                    "200": {"description": "Done.", "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Door"}}, "example": [{"state": "open"}]}}},
                    "404": {"description": "No such door."},
                    "409": {"description": "`door.stuck`: it is stuck.", "x-problems": ["door.stuck"], "headers": {"Retry-After": {"description": "Seconds."}}, "content": {"application/problem+json": {"schema": {"type": "object"}, "example": {"code": "door.stuck"}}}},
                    "204": {"description": "Nothing to do.", "x-problems": ["door.same"]},
                },
            },
        }
    },
    "components": {
        "parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 9, "default": 5}}},
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "Mode": {"type": "string", "enum": ["soft", "hard"]},
            "Lock": {"type": "object", "properties": {"code": {"type": "string", "pattern": "^a|b$"}}, "required": ["code"]},
            "Door": {
                "type": "object",
                "description": "A door.",
                "required": ["state"],
                "properties": {
                    "state": {"type": "string", "enum": ["open", "shut"], "description": "How it is."},
                    "lock": {"anyOf": [{"$ref": "#/components/schemas/Lock"}, {"type": "null"}]},
                    "keys": {"type": "array", "items": {"type": "integer", "exclusiveMinimum": 0}, "maxItems": 3},
                },
            },
        },
    },
}  # fmt: skip


def expand(text: str) -> blocks.Expansion:
    page = Page("docs/p.md", "p.md", text)
    (expansion,) = blocks.expand(page, INVENTORY, DOCUMENT)
    return expansion


def shown(text: str) -> str:
    expansion = expand(text)
    assert not expansion.findings
    return expansion.rendered.markdown


def trouble(text: str) -> tuple[int, str, str]:
    (finding,) = expand(text).findings
    return finding.line, finding.code, finding.mend


def test_settings() -> None:
    assert shown("/// facts | settings\n///\n").splitlines()[2:] == [
        "| `KEY`{#setting-key} | text, secret | not shown | A\\|B |",
        "| `DAYS`{#setting-days} | integer, 1 to 9 | `3` | Days &lt;b>. |",
        "| `MODE`{#setting-mode} | one of `x`, `y` | `x` | – |",
    ]
    assert shown("/// facts | settings\ngroup: a\nown: false\n///\n").splitlines()[2:] == [
        "| `DAYS` | integer, 1 to 9 | `3` | Days &lt;b>. |"
    ]


def test_a_table_with_columns_filter_and_order() -> None:
    text = '/// facts | setting\ncolumns:\n  Name: "{key}"\n  Default: default | code\nfilter: {group: [a, b], key: "*E*"}\nsort: -key\nanchor: "x-{key}"\n///\n'
    assert shown(text).splitlines() == [
        "| Name | Default |",
        "| --- | --- |",
        "| `MODE`{#x-mode} | `x` |",
        "| `KEY`{#x-key} | – |",
    ]


def test_a_list_and_definitions_own_what_they_show() -> None:
    assert shown("/// facts | list state\n///\n").splitlines() == [
        '- <span id="state-open"></span>`open`: Is `open`.',
        '- <span id="state-shut"></span>`shut`: Is shut.',
    ]
    text = '/// facts | definition state\nlevel: 2\ntitle: "{key | title}"\nbody: "{summary}"\nattributes:\n  Order: order\n///\n'
    expansion = expand(text)
    assert expansion.rendered.markdown.startswith("## Open {#state-open}\n\nIs `open`.\n\n- **Order:** 0\n")
    assert [(fact.id, anchor) for fact, anchor in expansion.rendered.owned] == [
        ("state:open", "state-open"),
        ("state:shut", "state-shut"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "code", "mend"),
    [
        ("/// facts | settngs\n///\n", 1, "block-unknown", "did you mean settings?"),
        ("/// facts\n///\n", 1, "block-unknown", "views: table"),
        ("/// facts | table setting extra\n///\n", 1, "block-unknown", "write /// facts | table setting"),
        ("/// facts | table seting\n///\n", 1, "block-unknown", "did you mean setting?"),
        ("/// facts | setting\n\ncolums: [key]\n///\n", 3, "block-option", "did you mean columns?"),
        ("/// facts | setting\ncolumns:\n  A: key\n  B: defalt\n///\n", 4, "block-option", "did you mean default?"),
        ("/// facts | setting\ncolumns: [default | cod]\n///\n", 2, "block-option", ""),
        ("/// facts | setting\nfilter: {gruop: a}\n///\n", 2, "block-option", "did you mean group?"),
        ("/// facts | setting\nfilter: {group: z}\n///\n", 2, "block-empty", ""),
        ("/// facts | setting\nsort: ordr\n///\n", 2, "block-option", "did you mean order?"),
        ("/// facts | setting\n- a\n///\n", 1, "block-option", "write `option: value`"),
        ("/// facts | setting\na: [\n///\n", 1, "block-option", "write one `option: value` on each line"),
        ("/// facts | definition state\nlevel: 9\n///\n", 2, "block-option", "definition takes"),
        ("/// facts | operations\ntags: [door]\n///\n", 2, "block-option", "did you mean doors?"),
        ("/// facts | operations\noperations: [setDoors]\n///\n", 2, "block-option", "did you mean setDoor?"),
        ("/// facts | schemas\nschemas:\n- Lock\n- Dor\n///\n", 4, "block-option", "did you mean Door?"),
        ("/// facts | diagram\nstates: stat\ntransitions: move\n///\n", 1, "block-unknown", "did you mean state?"),
    ],
)
def test_what_is_wrong_with_a_block_is_told_on_its_line(text: str, line: int, code: str, mend: str) -> None:
    found = (
        trouble(text)
        if "door]" not in text
        else next((f.line, f.code, f.mend) for f in expand(text).findings if f.code == code)
    )
    assert found[:2] == (line, code)
    assert mend in found[2]


def test_an_operation_tells_everything_about_itself() -> None:
    text = shown("/// facts | operations\nlevel: 2\n///\n")
    assert text.startswith("## Set a door {#setDoor}\n")
    for part in (
        '<span class="trueup-method trueup-put">PUT</span> <code>/doors/{id}</code>',
        "- **Authentication:** bearer token",
        "- **Permission:** `doors.set`",
        "| <code>id</code> | path | string (uuid) | required | – |",
        "| <code>X-Trace</code> | header | string | – | Any text. |",
        "| <code>mode</code> | query | one of `soft`, `hard` or `null` | `soft` | – |",
        "| <code>limit</code> | query | integer, 1 to 9 | `5` | – |",
        "**Request body (required, `application/json`)**",
        "| <code>state</code> | one of `open`, `shut` | required | How it is. |",
        "| <code>lock</code> | `Lock` or null | – | – |",
        "| <code>lock.code</code> | string, matches `^a\\|b$` | required | – |",
        "| <code>keys</code> | list of integer, at most 3 items | – | – |",
        '??? example "Example request: Open it"',
        "| **200** OK | list of `Door` (`application/json`) | Done. | – |",
        "| **204** No Content | empty | Nothing to do. Problems: `door.same`. | – |",
        "| **404** Not Found | not declared | No such door. | – |",
        "| **409** Conflict | object (`application/problem+json`) | `door.stuck`: it is stuck. | `Retry-After` |",
        "- `Retry-After`: Seconds.",
        '??? example "Refusals and failures"',
        '      "code": "door.stuck"',
    ):
        assert part in text, part


def svg(text: str) -> Any:
    return etree.fromstring(text.encode(), etree.XMLParser(recover=False))


def test_the_diagram_draws_every_transition_once_and_tells_it_in_words() -> None:
    text = shown("/// facts | diagram\nstates: state\ntransitions: move\ngroup: who\ntitle: Life & times\n///\n")
    figure = svg(text)
    words = "".join(figure.xpath("//*[local-name()='desc']/text()"))
    assert "start to open by make" in words
    assert "open to shut by close or slam & lock" in words
    assert "shut to open by <open>" in words
    assert len(figure.xpath("//*[local-name()='path'][contains(@class, 'trueup-edge')]")) == 4
    assert [each.text for each in figure.xpath("//*[@class='trueup-name']")] == ["open", "shut"]
    assert "\n" not in text.strip()
    assert not re.search(r"(?:href|src)=\"http", text)
    own = expand("/// facts | diagram\nstates: state\ntransitions: move\n///\n")
    assert not own.rendered.owned


def test_the_stamp_of_a_page_with_a_matrix_says_how_many_pairs_were_driven() -> None:
    page = Page("docs/a.md", "a.md", "# A\n\n/// facts | matrix event\nacross: state\n///\n")
    report = Report("2026-02-03T04:05:06+00:00", "abc", False, 1.0, pages={page.path: PageEntry(page.digest, 3)})
    assert "0 links, no pairs driven on a live service." in stamp(page, report, "", "event")
    driven = replace(report, checks=[CheckEntry("conformance", 105, "pairs", 9.0)])
    assert "0 links, 105 pairs driven on a live service." in stamp(page, driven, "", "event")
    other = Page("docs/b.md", "b.md", "# B\n")
    assert "driven" not in stamp(other, replace(driven, pages={other.path: PageEntry(other.digest)}), "", "event")


def test_arrows_never_share_a_row() -> None:
    text = shown("/// facts | diagram\nstates: state\ntransitions: move\ngroup: who\n///\n")
    rows = [float(each.get("y")) for each in svg(text).xpath("//*[contains(@class, 'trueup-label')]")]
    assert len(rows) == len(set(rows))


def test_a_page_as_the_builder_gets_it() -> None:
    page = Page(
        "docs/a/p.md",
        "a/p.md",
        '---\nx: 1\n---\n# {{ setting.DAYS.default }} days\n\n- a\n\n    /// facts | list state\n    ///\n\n``` {.bash .literal reason="no" title="T"}\n{{ x }}\n```\n\n``` {.json .output}\n{}\n```\n',
    )
    bindings = Bindings([page], INVENTORY, DOCUMENT)
    assert bindings.render(page).split("\n") == [
        "# 3 days", "", "- a", "", "",
        '    - <span id="state-open"></span>`open`: Is `open`.',
        '    - <span id="state-shut"></span>`shut`: Is shut.',
        "", "",
        '``` {.bash title="T"}', "{{ x }}", "```", "", "``` {.json .output}", "{}", "```",
    ]  # fmt: skip


def test_inline_code_links_to_the_one_place_that_documents_it() -> None:
    first = Page("docs/a/first.md", "a/first.md", "/// facts | settings\n///\n")
    second = Page("docs/b/second.md", "b/second.md", "/// facts | state\n///\n\n`DAYS`\n")
    bindings = Bindings([first, second], INVENTORY, DOCUMENT)
    assert bindings.link("DAYS", second) == "../a/first.md#setting-days"
    assert bindings.link("DAYS", first) == "#setting-days"
    assert bindings.link("open", first) == "../b/second.md#state-open"
    assert bindings.link("nothing", first) is None
    assert bindings.link("a", first) is None
    third = Page("docs/b/third.md", "b/third.md", "# Code\n\n::: lib.states\n    options: {}\n")
    bindings = Bindings([first, third], INVENTORY, DOCUMENT)
    assert bindings.link("lib.states", first) == "../b/third.md#lib.states"


def main_text(html: str) -> str:
    """What a reader sees of a built page, less what each builder puts around it."""
    article = re.search(r"<article.*?>(.*?)</article>", html, re.DOTALL)
    assert article
    tree = etree.HTML(article[1])
    for each in tree.xpath("//script|//nav|//*[contains(@class, 'headerlink')]"):
        each.getparent().remove(each)
    return " ".join(" ".join(tree.itertext()).split())


@pytest.mark.slow
def test_mkdocs_and_zensical_show_the_same_facts_and_links(project: Any, tmp_path: Path) -> None:
    sites = {}
    for name, command in {
        "mkdocs": ["-m", "mkdocs", "build", "--strict", "--quiet"],
        "zensical": ["-m", "zensical", "build"],
    }.items():
        result = subprocess.run(
            [sys.executable, *command], cwd=project.root, capture_output=True, text=True, timeout=60
        )
        assert result.returncode == 0, result.stdout + result.stderr
        sites[name] = tmp_path / name
        (project.root / "site").rename(sites[name])
    for page in ("index.html", "guide/settings/index.html", "guide/loans/index.html", "reference/index.html"):
        texts = {name: (site / page).read_text() for name, site in sites.items()}
        assert main_text(texts["mkdocs"]) == main_text(texts["zensical"]), page
        links = {
            name: sorted(re.findall(r'<a class="trueup-ref" href="([^"]+)"', text)) for name, text in texts.items()
        }
        assert links["mkdocs"] == links["zensical"], page
    assert len(json.loads((sites["mkdocs"] / "inventory.json").read_text())["facts"]) > 50
