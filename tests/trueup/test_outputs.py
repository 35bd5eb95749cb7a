"""The forms of a report, each read by what reads it in earnest."""

import json
import re
from pathlib import Path

import pytest
from junitparser import Failure, JUnitXml
from rich.console import Console
from sarif_pydantic import Sarif
from trueup.annotations import annotations
from trueup.errors import TrueupError
from trueup.findings import CODES, Finding, check_of
from trueup.junit import junit
from trueup.outputs import Format, give_out, render
from trueup.report import CheckEntry, PageEntry, Report, print_text, read_report
from trueup.sarif import sarif

CHECKS = [
    CheckEntry("facts", 40, "facts", 0.5),
    CheckEntry("bindings", 12, "bindings", 0.1),
    CheckEntry("examples", 5, "examples", 3.0, 2),
    CheckEntry("links", 9, "links", 0.2),
    CheckEntry("contract", 700, "cases", 9.0, figures={"operations": 4}),
]
PAGES = {
    "docs/a.md": PageEntry("d1", 5, 5, 9, 3),
    "docs/b, 100%.md": PageEntry("d2", 7, 0, 0, 1),
    "docs/c.md": PageEntry("d3", 1, 0, 0),
}
FINDINGS = [
    Finding("docs/a.md", 7, "code-unknown", "unknown name <lend> & co", "did you mean lent?"),
    Finding("docs/a.md", 9, "example-differs", "output differs", detail="-a\n+b \x00\x1b[1m%"),
    Finding("docs/a.md", 9, "code-unknown", "unknown name <lend> & co", "did you mean lent?"),
    Finding("docs/b, 100%.md", 0, "link-broken", "link 'x:y' leads nowhere"),
    Finding("library/main.py", 3, "fact-undocumented", "setting X is documented nowhere"),
]
REPORT = Report("2026-02-03T04:05:06+00:00", "abc1234", False, 12.5, CHECKS, {"setting": 3}, PAGES, FINDINGS)
CLEAN = Report("2026-02-03T04:05:06+00:00", "abc1234", False, 12.5, CHECKS, {"setting": 3}, PAGES)


def many(number: int, files: int = 7) -> Report:
    found = [Finding(f"docs/{at % files}.md", at + 1, "code-unknown", f"unknown name n{at}") for at in range(number)]
    return Report("2026-02-03T04:05:06+00:00", "", False, 1.0, CHECKS, {}, {}, found)


def test_junit_has_a_case_for_each_page_and_check() -> None:
    suites = {suite.name: suite for suite in JUnitXml.fromstring(junit(REPORT).encode())}
    assert list(suites) == ["facts", "bindings", "examples", "links", "contract", "coverage"]
    cases = {name: {case.name: case for case in suite} for name, suite in suites.items()}
    assert list(cases["facts"]) == ["facts"]
    assert list(cases["bindings"]) == ["docs/a.md", "docs/b, 100%.md", "docs/c.md"]
    assert list(cases["examples"]) == ["docs/a.md"]
    assert list(cases["links"]) == ["docs/a.md", "docs/b, 100%.md"]
    assert list(cases["coverage"]) == ["library/main.py"]
    (failure,) = cases["bindings"]["docs/a.md"].result
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message) == ("code-unknown", "unknown name <lend> & co (and 1 more)")
    assert "docs/a.md:9: unknown name <lend> & co; did you mean lent? [code-unknown]" in failure.text
    assert "-a\n+b \ufffd\ufffd[1m%" in cases["examples"]["docs/a.md"].result[0].text
    assert cases["bindings"]["docs/c.md"].result == []
    assert cases["bindings"]["docs/a.md"]._elem.get("file") == "docs/a.md"


def test_junit_counts_agree() -> None:
    tree = JUnitXml.fromstring(junit(REPORT).encode())
    told = (tree._elem.get("tests"), tree._elem.get("failures"))
    tree.update_statistics()
    assert told == (str(tree.tests), str(tree.failures)) == ("9", "4")
    assert JUnitXml.fromstring(junit(CLEAN).encode())._elem.get("failures") == "0"


def test_sarif_is_what_its_model_reads() -> None:
    text = sarif(REPORT)
    log = Sarif.model_validate_json(text)
    (run,) = log.runs
    rules = [rule.id for rule in run.tool.driver.rules or []]
    assert rules == ["code-unknown", "example-differs", "fact-undocumented", "link-broken"]
    assert len(run.results or []) == len(FINDINGS)
    for result in run.results or []:
        assert rules[result.rule_index or 0] == result.rule_id
    raw = json.loads(text)["runs"][0]
    assert raw["tool"]["driver"]["rules"][0]["help"]["text"] == CODES["code-unknown"].mend
    places = [result["locations"][0]["physicalLocation"] for result in raw["results"]]
    assert places[0] == {
        "artifactLocation": {"uri": "docs/a.md", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 7},
    }
    assert places[3]["artifactLocation"]["uri"] == "docs/b%2C%20100%25.md"
    assert places[3]["region"]["startLine"] == 1, "lines count from 1"
    prints = [result["partialFingerprints"]["trueup/v1"] for result in raw["results"]]
    assert len(set(prints)) == len(prints)


def test_a_result_keeps_its_fingerprint_when_lines_move() -> None:
    def prints(report: Report) -> list[str]:
        results = json.loads(sarif(report))["runs"][0]["results"]
        return [result["partialFingerprints"]["trueup/v1"] for result in results]

    moved = [Finding(one.path, one.line + 5, one.code, one.message, one.mend, one.detail) for one in FINDINGS]
    assert prints(Report("t", "", False, 1.0, findings=moved)) == prints(REPORT)


def test_annotations_are_escaped() -> None:
    lines = list(annotations(REPORT))
    assert lines[0] == (
        "::error file=docs/a.md,line=7,title=code-unknown::unknown name <lend> & co; did you mean lent?"
    )
    assert "%0A-a%0A+b" in lines[2]
    assert lines[2].endswith("%25")
    assert lines[3].startswith("::error file=docs/b%2C 100%25.md,line=1,title=link-broken::link 'x:y'")
    assert all("\n" not in line for line in lines)


def test_the_annotations_that_github_shows_come_from_many_files() -> None:
    lines = list(annotations(many(40)))
    assert len(lines) == 41
    assert len({re.search("file=([^,]+)", line)[1] for line in lines[:7]}) == 7  # type: ignore[index]
    assert lines[-1] == "::notice title=trueup::40 findings, of which GitHub shows 10; the log has all of them"


def text_of(report: Report) -> str:
    console = Console(width=100, record=True, quiet=False, file=Path("/dev/null").open("w"))  # noqa: SIM115
    print_text(report, console)
    console.file.close()
    return console.export_text()


def test_few_findings_need_no_summary() -> None:
    text = text_of(REPORT)
    assert "Where to look first" not in text
    assert "docs/a.md (3 findings)\ndocs/a.md:7: unknown name" in text
    assert "bindings             12 bindings, 2 found (0.1 s)" in text
    assert text.splitlines()[-1].startswith("5 findings: 3 pages")


def test_a_line_between_colons_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("t", "", False, 1.0, findings=[Finding("items.py", 100, "fact-added", "new")])
    give_out(report, [], [])
    assert "items.py:100: new" in capsys.readouterr().out
    assert "items.py:100: new" in render(report, Format.TEXT)


def test_what_has_changed_comes_before_what_follows_from_it() -> None:
    found = [
        Finding("docs/a.md", 1, "code-unknown", "unknown"),
        Finding("docs/inventory.json", 1, "generated-stale", "stale"),
        Finding("docs/openapi.json", 1, "fact-removed", "gone"),
        Finding("docs/openapi.json", 1, "generated-stale", "stale"),
        Finding("z.py", 9, "fact-changed", "changed"),
    ]
    lines = text_of(Report("t", "", False, 1.0, findings=found)).splitlines()
    assert [line.partition(": ")[0] for line in lines if ": " in line][:5] == [
        "docs/openapi.json:1", "docs/openapi.json:1", "z.py:9", "docs/a.md:1", "docs/inventory.json:1",
    ]  # fmt: skip


def test_many_findings_are_summed_up_where_the_reader_is_at_the_end() -> None:
    lines = text_of(many(40)).splitlines()
    at = lines.index("Where to look first")
    assert lines[at + 1].split() == ["40", "code-unknown", *CODES["code-unknown"].mend.split()]
    assert lines[at + 2] == "most in docs/0.md (6), docs/1.md (6), docs/2.md (6), docs/3.md (6), docs/4.md (6)"
    assert "docs/0.md (6 findings)" in lines


def test_a_report_survives_its_file() -> None:
    assert read_report(json.loads(REPORT.dump())) == REPORT


def test_formats_belong_to_files_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "deep" / "trueup.sarif", tmp_path / "trueup.xml"
    give_out(REPORT, [Format.SARIF, Format.JUNIT, Format.GITHUB], [one, two])
    assert one.read_text() == sarif(REPORT)
    assert two.read_text() == junit(REPORT)
    assert capsys.readouterr().out.startswith("::error file=docs/a.md")
    give_out(REPORT, [Format.SARIF], [one])
    assert "5 findings: 3 pages" in capsys.readouterr().out
    with pytest.raises(TrueupError, match=r"--output .*: has no format"):
        give_out(REPORT, [Format.SARIF], [one, two])
    with pytest.raises(TrueupError, match="cannot be written: Is a directory"):
        give_out(REPORT, [Format.SARIF], [tmp_path])


@pytest.mark.parametrize("form", Format)
def test_every_form_of_a_clean_report_ends_its_last_line(form: Format) -> None:
    assert render(CLEAN, form).endswith("\n")


def test_every_code_belongs_to_a_check() -> None:
    known = {
        "bindings",
        "coverage",
        "generated",
        "examples",
        "site",
        "links",
        "contract",
        "conformance",
        "crawl",
        "types",
    }
    assert {check_of(code) for code in CODES} == known
