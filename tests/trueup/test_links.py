"""The link resolver over small built sites."""

import time
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trueup import links
from trueup.built import BuiltPage
from trueup.origin import line_of, sources

SHELL = """<html><head><title>t</title></head><body><nav><a href="{home}">Home</a></nav>
<main><article>{body}</article></main></body></html>"""


class Site:
    """A built site and the Markdown it was built from, below one folder."""

    def __init__(self, root: Path) -> None:
        self.root, self.site, self.docs = root, root / "site", root / "docs"
        self.page("index.html", "index.md", '<h1 id="home">Home</h1>', "# Home\n")

    def page(self, built: str, source: str | None, body: str, markdown: str = "", home: str = "/") -> None:
        path = self.site / built
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SHELL.format(home=home, body=body), encoding="utf-8")
        if source is not None:
            origin = self.docs / source
            origin.parent.mkdir(parents=True, exist_ok=True)
            origin.write_text(markdown, encoding="utf-8")

    def resolve(self, base_url: str = "") -> links.LinkResult:
        return links.resolve(self.site, base_url=base_url, root=self.root, docs=self.docs)

    def codes(self, base_url: str = "") -> list[tuple[str, int, str]]:
        return [(found.path, found.line, found.code) for found in self.resolve(base_url).findings]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_whole_links_are_silent(site: Site) -> None:
    site.page(
        "guide/index.html",
        "guide.md",
        '<h2 id="stop">Stop</h2><a href="#stop">s</a> <a href="../#home">h</a> <a href="..">up</a> <a href="#">top</a>'
        '<a href="#top">t</a><a href="mailto:a@b.c">m</a><img src="a%20b.png"><a href="?q=1#stop">q</a>',
        "## Stop\n",
    )
    (site.site / "guide" / "a b.png").write_bytes(b"x")
    result = site.resolve()
    assert result.findings == ()
    assert result.pages == 2
    assert result.per_page["docs/guide.md"] == 8
    assert "guide/a b.png" in result.targets["guide/index.html"]
    assert result.reachable("guide/index.html") == {"guide/index.html", "guide/a b.png", "index.html"}
    assert result.reachable() == {"index.html"}


PIECES = [
    "",
    "..",
    ".",
    "a",
    "b",
    "a.html",
    "index.html",
    "...",
    "x..",
    "#",
    "#top",
    "#a-b.c",
    "?q=1",
    "%20",
    "é",
    "a:b",
    "\\",
]


@given(
    here=st.sampled_from(["index.html", "a/index.html", "a/b/index.html", "a/b/a.html"]),
    pieces=st.lists(st.sampled_from(PIECES), max_size=5),
    end=st.sampled_from(["", "/", "#x", "#"]),
    base_url=st.sampled_from(["", "https://docs.test/", "https://docs.test/guide/"]),
)
def test_plain_addresses_lead_where_the_rules_for_all_addresses_lead(
    tmp_path_factory: pytest.TempPathFactory, here: str, pieces: list[str], end: str, base_url: str
) -> None:
    site = tmp_path_factory.getbasetemp() / "plain-addresses"
    for name in ("index.html", "a/index.html", "a/b/index.html", "a/b/a.html", "b/x.."):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).touch()
    resolver = links._Resolver(site, base_url, site, site)
    href, page = "/".join(pieces) + end, BuiltPage(here)
    quick = _located(resolver, page, href)
    with patch.object(links._Resolver, "_near_by", return_value=None):
        assert quick == _located(resolver, page, href)


def _located(resolver: links._Resolver, page: BuiltPage, href: str) -> object:
    try:
        return resolver._locate(page, href)
    except ValueError:
        return ValueError


def test_a_broken_link_names_markdown_and_line(site: Site) -> None:
    site.page(
        "guide/index.html",
        "guide.md",
        '<a href="../nowhere/">the end</a>',
        "# G\n\nTo [the end](nowhere.md).\n",
    )
    (finding,) = site.resolve().findings
    assert str(finding) == (
        "docs/guide.md:3: link '../nowhere/' leads to nowhere/index.html, which is not in the site [link-broken]"
    )


@pytest.mark.parametrize(
    ("href", "leads", "meant"),
    [
        ("apis.md", "reference/apis.md", "api.md"),
        ("./apis.md#items", "reference/apis.md", "api.md"),
        ("../gide.md", "gide.md", "../guide.md"),
        ("guide.md", "reference/guide.md", "../guide.md"),
        ("other.md", "reference/other.md", None),
    ],
)
def test_a_link_to_a_missing_page_names_the_nearest_one_as_it_is_to_be_written(
    site: Site, href: str, leads: str, meant: str | None
) -> None:
    site.page("reference/api/index.html", "reference/api.md", "<p>a</p>")
    site.page("guide/index.html", "guide.md", "<p>g</p>")
    site.page("reference/more/index.html", "reference/more.md", f'<a href="{href}">a</a>', f"[a]({href})\n")
    (finding,) = site.resolve().findings
    hint = f"; did you mean {meant}?" if meant else ""
    assert finding.message == f"link {href!r} leads to {leads}, which is not in the site{hint}"


def test_a_missing_anchor_on_the_same_and_another_page(site: Site) -> None:
    markdown = "# G\n\n[a](#nowhere)\n[b](index.md#hoem)\n"
    site.page("guide/index.html", "guide.md", '<a href="#nowhere">a</a><a href="../#hoem">b</a>', markdown)
    first, second = site.resolve().findings
    assert (first.line, first.code) == (3, "anchor-missing")
    assert (second.line, second.code) == (4, "anchor-missing")
    assert "did you mean #home?" in second.message


def test_missing_images_and_scripts(site: Site) -> None:
    site.page("a/index.html", "a.md", '<img src="x.png" srcset="y.png 2x, z.png 3x" alt="plan">', "![plan](x.png)\n")
    assert [code for _, _, code in site.codes()] == ["link-broken"] * 3


def test_a_doubled_anchor(site: Site) -> None:
    site.page("a/index.html", "a.md", '<h2 id="x">X</h2><h2 id="x">X</h2>', "## X {#x}\n## X {#x}\n")
    assert site.codes() == [("docs/a.md", 1, "id-duplicate")]


def test_an_anchor_by_name_and_id_counts_once(site: Site) -> None:
    site.page("a/index.html", "a.md", '<a id="x" name="x"></a><a href="#x">x</a>')
    assert site.codes() == []


@pytest.mark.parametrize(
    ("target", "codes"), [("../b/", []), ("../gone/", ["redirect-broken"]), ("../a/", ["redirect-broken"])]
)
def test_redirects(site: Site, target: str, codes: list[str]) -> None:
    (site.site / "a").mkdir()
    (site.site / "a/index.html").write_text(f'<meta http-equiv="Refresh" content="0; url={target}">', encoding="utf-8")
    site.page("b/index.html", "b.md", '<h2 id="x">X</h2>')
    site.page("c/index.html", "c.md", '<a href="../a/">moved</a>')
    assert [code for _, _, code in site.codes()] == codes


def test_an_anchor_behind_a_redirect_is_looked_up_at_its_end(site: Site) -> None:
    (site.site / "a").mkdir()
    (site.site / "a/index.html").write_text('<meta http-equiv="refresh" content="0; url=../b/">', encoding="utf-8")
    site.page("b/index.html", "b.md", '<h2 id="x">X</h2>')
    site.page("c/index.html", "c.md", '<a href="../a/#x">good</a><a href="../a/#y">bad</a>', "[bad](a.md#y)\n")
    assert site.codes() == [("docs/c.md", 1, "anchor-missing")]


def test_addresses_of_the_own_site_are_resolved_and_foreign_ones_listed(site: Site) -> None:
    site.page(
        "a/index.html",
        "a.md",
        '<a href="https://example.org/docs/#home">a</a><a href="https://example.org/docs/gone/">b</a>'
        '<a href="https://example.org/shop">c</a><a href="//other.example/x">d</a><a href="https://other.example/">e</a>',
        home="/docs/",
    )
    site.page("index.html", None, '<h1 id="home">Home</h1>', home="/docs/")
    result = site.resolve("https://example.org/docs/")
    assert [finding.code for finding in result.findings] == ["link-broken"]
    assert result.external == ("//other.example/x", "https://example.org/shop", "https://other.example/")


def test_an_absolute_path_outside_the_site_is_broken(site: Site) -> None:
    site.page("index.html", None, '<h1 id="home">Home</h1>', home="/docs/")
    site.page("a/index.html", "a.md", '<a href="/elsewhere">x</a>', home="/docs/")
    assert [code for _, _, code in site.codes("https://example.org/docs/")] == ["link-broken"]


def test_a_broken_link_of_the_navigation_is_reported_once(site: Site) -> None:
    for name in "abc":
        site.page(f"{name}/index.html", f"{name}.md", "x", home="/gone/")
    (finding,) = site.resolve().findings
    assert "also on 2 other pages" in finding.message


def test_sitemap_entries_are_resolved(site: Site) -> None:
    (site.site / "sitemap.xml").write_text(
        '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        "<url><loc>https://example.org/</loc></url>\n<url><loc>https://example.org/gone/</loc></url>\n</urlset>",
        encoding="utf-8",
    )
    assert site.codes("https://example.org/") == [("site/sitemap.xml", 3, "link-broken")]


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff\xfe", b"plain words", b"<a href='http://[::1'>x</a>", b"<!-- only -->"]
)
def test_a_file_that_is_hardly_html_is_no_crash(site: Site, content: bytes) -> None:
    (site.site / "odd.html").write_bytes(content)
    assert {code for _, _, code in site.codes()} <= {"link-broken"}


def test_every_page_finds_its_source(tmp_path: Path) -> None:
    for name in ("index.md", "a.md", "b/index.md", "b/README.md", "b/c.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    table = sources(tmp_path)
    assert table["a/index.html"] == table["a.html"] == tmp_path / "a.md"
    assert table["b/c/index.html"] == tmp_path / "b/c.md"
    assert table["index.html"] == tmp_path / "index.md"


def test_the_line_with_the_same_fragment_wins(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("see other\n[x](other.md)\n[x](other.md#part-two)\n[x](other.md#part)\n", encoding="utf-8")
    assert line_of(page, "../other/#part", "x") == 4
    assert line_of(page, "../elsewhere/", "unheard of") == 1


def test_the_effort_grows_with_the_pages_and_not_with_their_square(site: Site) -> None:
    body = "".join(f'<h2 id="h{n}">H</h2><a href="../p{n}/#h{n}">x</a>' for n in range(100))
    for number in range(200):
        site.page(f"p{number}/index.html", None, body)
    # Time of this process only: what else the machine does is no matter here.
    started = time.process_time()
    result = site.resolve()
    assert result.findings == ()
    assert result.links == 200 * 101 + 1
    assert time.process_time() - started < 6


@pytest.mark.parametrize(
    ("link", "codes"),
    [
        ('<a href="../a/#one">Part one</a>', []),
        ('<a href="../a/#two">Part one</a>', ["link-misleads"]),
        ('<a href="../a/#two">the second part</a>', []),
        ('<a href="../a/#two">Book</a>', []),
        ('<a href="../a/">Part one</a>', []),
    ],
)
def test_a_link_leads_to_the_section_that_it_names(site: Site, link: str, codes: list[str]) -> None:
    mark = '<a class="headerlink" href="#one">¶</a>'
    site.page("a/index.html", "a.md", f'<h1 id="a">Book</h1><h2 id="one">Part one{mark}</h2><h3 id="two">Part two</h3>')
    site.page("b/index.html", "b.md", link, "[Part one](a.md#two)\n")
    assert [code for _, _, code in site.codes()] == codes
