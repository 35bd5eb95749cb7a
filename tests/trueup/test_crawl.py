"""LinkChecker's crawl of a built site, and where it and the own resolver differ."""

from pathlib import Path

import pytest
from trueup import crawl
from trueup.config import Config
from trueup.errors import TrueupError

PAGE = "<html><head><title>t</title></head><body><main>{}</main></body></html>"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "mkdocs.yml").write_text("site_name: x\nsite_url: https://example.org/docs/\n", encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Home\n\n[a](a.md)\n[gone](gone.md)\n", encoding="utf-8")
    write(tmp_path, "index.html", '<a href="a/">a</a> <a href="https://elsewhere.invalid/">x</a>')
    write(tmp_path, "a/index.html", '<a href="../">home</a> <img src="../p%20q.png"> <a href="../old/">old</a>')
    write(tmp_path, "old/index.html", "")
    old = '<html><head><meta http-equiv="refresh" content="0; url=../a/"></head></html>'
    (tmp_path / "site/old/index.html").write_text(old, encoding="utf-8")
    write(tmp_path, "404.html", '<a href="/docs/lonely/">not seen by a reader</a>')
    write(tmp_path, "lonely/index.html", "")
    (tmp_path / "site" / "p q.png").write_bytes(b"x")
    return tmp_path


def write(root: Path, name: str, body: str) -> None:
    path = root / "site" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PAGE.format(body), encoding="utf-8")


def test_a_whole_site_is_silent(project: Path) -> None:
    result = crawl.run(Config(), project, project / "site")
    assert result.findings == ()
    assert result.figures["pages"] == 3
    assert result.counted >= 4


def test_a_broken_link_names_markdown_and_line(project: Path) -> None:
    write(project, "index.html", '<a href="a/">a</a> <a href="gone/">gone</a>')
    (finding,) = crawl.run(Config(), project, project / "site").findings
    assert str(finding) == "docs/index.md:4: LinkChecker: link 'gone/': 404 File not found [crawl-broken]"


def test_what_only_one_of_them_sees_is_a_finding(project: Path) -> None:
    write(
        project,
        "index.html",
        '<a href="a/">a</a><blockquote cite="extra.html">b</blockquote>',
    )
    write(project, "extra.html", "")
    findings = crawl.run(Config(), project, project / "site").findings
    assert {finding.code for finding in findings} == {"crawl-disagrees"}


def test_a_site_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TrueupError, match=r"has no index\.html to start the crawl at"):
        crawl.run(Config(), tmp_path, tmp_path / "site")


def test_a_report_that_is_cut_short_is_an_error() -> None:
    with pytest.raises(TrueupError, match="cut short"):
        list(crawl.read_report(b"<linkchecker><urldata></urldata>", "http://h/"))
