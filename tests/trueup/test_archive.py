"""A frozen report: complete, dated, written once."""

from dataclasses import replace

import pytest
from trueup.archive import page, write
from trueup.errors import TrueupError
from trueup.findings import Finding
from trueup.report import CheckEntry, PageEntry, Report

REPORT = Report(
    finished="2026-02-03T04:05:06+00:00",
    commit="abc1234",
    dirty=False,
    seconds=12.3,
    checks=[CheckEntry("links", 40, "links", 0.5, 3, figures={"pages_seen": 7})],
    facts={"setting": 3},
    pages={"docs/index.md": PageEntry("d", 1, 2, 3)},
)


def test_a_page_says_what_was_checked_and_against_which_commit():
    text = page(REPORT, "Verification")
    assert "Verified on 2026-02-03 at 04:05 UTC, at commit abc1234, in 12 seconds. There were no findings." in text
    assert "| links | 40 | links | 3 | 0 | 0.5 |" in text
    assert "| links | pages seen | 7 |" in text
    assert "| setting | 3 |" in text
    assert "| docs/index.md | 1 | 2 | 3 |" in text
    assert "## Findings" not in text


def test_findings_are_kept():
    finding = Finding("docs/a.md", 7, "link-broken", "link 'x|y' leads nowhere")
    text = page(replace(REPORT, findings=[finding]), "Verification")
    assert "There were 1 findings." not in text
    assert "There was 1 finding." in text
    assert "| docs/a.md:7 | link 'x\\|y' leads nowhere | link-broken |" in text


@pytest.mark.parametrize("changes", [{"commit": ""}, {"dirty": True}])
def test_a_report_of_no_commit_is_not_history(changes):
    with pytest.raises(TrueupError, match="not of a commit"):
        page(replace(REPORT, **changes), "Verification")


def test_history_is_not_written_twice(tmp_path):
    target = tmp_path / "planning" / "a.md"
    write(REPORT, "A", target)
    with pytest.raises(TrueupError, match="exists already"):
        write(REPORT, "B", target)
    assert "# A" in target.read_text()
