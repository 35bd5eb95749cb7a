"""Words of prose: numbers typed by hand, other names of things, misspellings, review dates, and who owns what."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from trueup import bare, review, spelling
from trueup.aliases import Aliases
from trueup.collect import glossary
from trueup.config import BareValues
from trueup.errors import TrueupError
from trueup.facts import Fact, Inventory
from trueup.pages import Page
from trueup.vocabulary import Vocabulary


def page(text: str) -> Page:
    return Page("docs/a.md", "a.md", text)


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("It waits 5 seconds.", ["5 seconds"]),
        ("Wait 5-10 s.", ["5-10 s"]),
        ("Wait 5–10 s.", ["5–10 s"]),
        ("Wait 5 to 10 seconds.", ["5 to 10 seconds"]),
        ("At most 10,000 rows.", ["10,000 rows"]),
        ("Up to 64 KiB, 50% of it.", ["64 KiB", "50%"]),
        ("A job retries up to 3 times.", ["3 times"]),
        ("It makes three retries.", ["three retries"]),
        ("After thirty\nseconds.", ["thirty seconds"]),
        ("In three or four minutes.", ["three or four minutes"]),
        ("It asks every two seconds.", ["two seconds"]),
        ("A five-minute wait; Ten minutes.", ["five-minute", "Ten minutes"]),
        ("| wait | 30 s |\n|---|---|\n| rows | 20 rows |", ["30 s", "20 rows"]),
        ("!!! note\n\n    It waits 5 seconds.", ["5 seconds"]),
        ("- one\n- waits 5 s", ["5 s"]),
        ("Two workers and five rows of this file.", []),
        ("Ten times the size, three times as long.", []),
        ("`5 seconds`, {{ a.b.c }} seconds, [5 s](x.md#5 s)", ["5 s"]),
        ("Version 3.5 of 2026-02-03, 10.0.0.1, step 2, chapter 12 holds it.", ["3.5"]),
        ("PostgreSQL 14 or later, at most 99, from 2 to 5.", ["14", "99", "2", "5"]),
        ("1. First\n2. Second, with 0 and 1\n\n## The 7 rules", []),
        ("It answers 409. [401: not signed in](a.md#x) [12 things](b.md)", []),
        ("Every 24 hours.", []),
        ("Bind 7 s to a word: a 7 s thing.", ["7 s"]),
    ],
)
def test_a_number_is_bound(sentence: str, found: list[str]) -> None:
    words = Vocabulary({"24 hours": "a day", "7 s thing": "a thing"})
    config = BareValues(folders=["a.md"], units=["rows?", "retries"])
    assert [each.message.split("'")[1] for each in bare.check(page(sentence), config, words)] == found


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("They recieve it.", ["recieve"]),
        ("Teh\nadress.", ["Teh", "adress"]),
        ("Say `recieve`, recieve.py, docs/recieve, x.recieve and https://recieve.example.", []),
        ("The colour and the color are both fine; so is a gazetteer.", []),
        ("The Trough of wrod.", []),
    ],
)
def test_misspelt_words_are_found(sentence: str, found: list[str]) -> None:
    findings = list(spelling.check(page(sentence), Vocabulary({"wrod": "a name"})))
    assert [each.message.split("'")[1] for each in findings] == found
    assert all("did you mean" in each.mend for each in findings)


FACTS = Inventory(
    [
        Fact("term", "loan", {"aliases": ["lending", "book issue"]}),
        Fact("term", "desk", {"aliases": []}),
        Fact("job_type", "import_books", {"aliases": ["book_import"]}),
    ]
)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("A lending ends.", [1]),
        ("Two\nLendings and book\nissues.", [2, 2]),
        ("A lending, which we call a loan, ends.", []),
        ("Lending rules; the lending-desk; `lending`; [x](lending.md).", [1]),
        ("The lending library.", []),
        ("Use `book_import`.", [1]),
        ("Use `book_import` for `import_books`.", []),
        ("# One\n\nA loan.\n\nA lending.\n", [5]),
    ],
)
def test_another_name_stands_only_where_it_is_explained(text: str, lines: list[int]) -> None:
    aliases = Aliases(FACTS, Vocabulary({"lending library": "an institution"}))
    assert [each.line for each in aliases.check(page(text), {})] == lines


def test_the_section_that_shows_a_fact_explains_its_names() -> None:
    text = "# One\n\n`book_import`\n\n# Two\n\n/// facts | job_type\n///\n\n`book_import`\n"
    owners = {"job_type:import_books": [("docs/a.md", 7, "x")]}
    aliases = Aliases(FACTS, Vocabulary())
    assert [each.line for each in aliases.check(page(text), owners)] == [3]


def test_a_term_is_a_word_and_no_code(project: Any) -> None:
    project.add("glossary.toml", '[loan]\nmeaning = "A book that somebody has."\naliases = ["lending"]\n')
    project.edit("pyproject.toml", 'packages = ["library"]\n', 'packages = ["library"]\nglossary = "glossary.toml"\n')
    project.add("docs/guide/loans.md", "\n/// facts | term\n///\n\nA `loan` is a {{ term.loan.summary }}\n")
    project.write()
    assert [each.message for each in project.findings()] == ["unknown name loan"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[loan", "is no TOML"),
        ("[loan]\n", "loan.meaning: Field required"),
        ('[loan]\nmeaning = "x"\nalias = ["a"]\n', "loan.alias: Extra"),
        (
            '[loan]\nmeaning = "x"\naliases = ["a"]\n[desk]\nmeaning = "y"\naliases = ["A"]\n',
            "'A' stands for 'loan' and for 'desk'",
        ),
        (None, "not found"),
    ],
)
def test_a_glossary_that_cannot_be_read_is_one_clear_error(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "glossary.toml").write_text(text)
    with pytest.raises(TrueupError) as caught:
        list(glossary.collect(tmp_path, Path("glossary.toml")))
    assert str(caught.value).startswith("glossary.toml: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("stated", "code", "message"),
    [
        ("2026-02-01", "", ""),
        ("2025-08-07", "", ""),
        ("2025-08-06", "review-overdue", "was read on 2025-08-06, more than 180 days ago"),
        ("2026-02-04", "review-missing", "the review of 2026-02-04 is later than the last commit"),
        ("soon", "review-missing", "review: soon is no date"),
        (None, "review-missing", "nobody is known to have read this page"),
    ],
)
def test_a_page_is_read_again_in_time(stated: str | None, code: str, message: str) -> None:
    text = f"---\ntrueup:\n  review: {stated}\n---\n\nText\n" if stated else "Text\n"
    found = list(review.check(page(text), {"a.md": 180}, date(2026, 2, 3)))
    assert [each.code for each in found] == ([code] if code else [])
    assert all(message in each.message and (each.line == 3 or not stated) for each in found)


def test_the_longest_folder_decides_and_others_need_no_date() -> None:
    dated = Page("docs/x/a.md", "x/a.md", "---\ntrueup: {review: 2026-01-01}\n---\n")
    assert list(review.check(dated, {"x": 1, "x/a.md": 100}, date(2026, 2, 3))) == []
    assert [each.code for each in review.check(dated, {"x": 1}, date(2026, 2, 3))] == ["review-overdue"]
    assert list(review.check(page("Text"), {"x": 1}, date(2026, 2, 3))) == []


def test_a_page_may_claim_a_kind(project: Any) -> None:
    project.edit("docs/guide/settings.md", "---\ntitle", "---\ntrueup: {owns: [setting]}\ntitle")
    assert project.findings() == []


def test_a_fact_that_is_shown_elsewhere_is_misplaced(project: Any) -> None:
    project.edit("docs/index.md", "# ", "---\ntrueup:\n  owns: setting\n---\n\n# ")
    found = project.findings()
    assert {each.code for each in found} == {"owner-empty", "fact-misplaced"}
    assert [each.line for each in found if each.code == "owner-empty"] == [3]
    assert {each.path for each in found if each.code == "fact-misplaced"} == {"docs/guide/settings.md"}


def test_a_claim_of_an_unknown_kind_has_a_suggestion(project: Any) -> None:
    project.edit("docs/index.md", "# ", "---\ntrueup: {owns: [settings]}\n---\n\n# ")
    assert [each.mend for each in project.findings()] == ["did you mean setting?"]
