from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trueup import bare
from trueup.config import BareValues
from trueup.facts import Fact, Inventory
from trueup.filters import FILTERS
from trueup.pages import Page
from trueup.values import Values, check
from trueup.vocabulary import Vocabulary

INVENTORY = Inventory(
    [
        Fact("setting", "LEASE_SECONDS", {"default": 90, "retry": {"delay": 0.5}, "list": ["a", "b", "c"]}),
        Fact("problem", "job.gone.away", {"status": 410}),
        Fact("problem", "job.gone", {"status": 404}),
        *(Fact("parameter", f"{each}_loans_get.limit", {"default": 20}) for each in ("list", "late")),
        Fact("parameter", "list_loans_get.offset", {"default": 0}),
    ]
)
VALUES = Values(INVENTORY)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("setting.LEASE_SECONDS.default", "90"),
        ("setting.LEASE_SECONDS.default | duration", "90 seconds"),
        ("setting.LEASE_SECONDS.retry.delay | duration", "500 milliseconds"),
        ("setting.LEASE_SECONDS.list | list", "a, b and c"),
        ("setting.LEASE_SECONDS.list.1", "b"),
        ("setting.LEASE_SECONDS.list | code", "`a`, `b`, `c`"),
        ("setting.LEASE_SECONDS.list | words", "three"),
        ("setting.LEASE_SECONDS.key", "LEASE_SECONDS"),
        ("problem.job.gone.away.status", "410"),
        ("problem.job.gone.status", "404"),
        ("count.problem", "2"),
        ("count.problem | words | title", "Two"),
    ],
)
def test_a_value_is_filled_in(expression: str, text: str) -> None:
    assert VALUES.fill(f"a {{{{ {expression} }}}} z").text == f"a {text} z"


@pytest.mark.parametrize(
    ("expression", "message", "suggestion"),
    [
        ("setting.LEASE_SECOND.default", "unknown setting LEASE_SECOND", "setting.LEASE_SECONDS.default"),
        ("setting.LEASE_SECONDS.defalt", "setting.LEASE_SECONDS has no defalt", "default"),
        ("setings.LEASE_SECONDS.default", "unknown kind setings", "setting"),
        ("setting.LEASE_SECONDS", "needs an attribute", None),
        ("setting.LEASE_SECONDS.default | durations", "unknown filter durations", "duration"),
        ("setting.LEASE_SECONDS.list | duration", "filter duration", None),
        ("parameter.offset.default", "unknown parameter offset", "parameter.list_loans_get.offset.default"),
        ("parameter.offsets.default", "unknown parameter offsets", "parameter.list_loans_get.offset.default"),
        ("parameter.offset", "unknown parameter offset", "parameter.list_loans_get.offset"),
        (
            "parameter.limit.default",
            "unknown parameter limit",
            "parameter.late_loans_get.limit.default or parameter.list_loans_get.limit.default",
        ),
        ("parameter.colour.default", "unknown parameter colour", None),
        ("count.problems", "unknown kind problems", "problem"),
        ("", "unknown kind", None),
    ],
)
def test_a_value_that_is_unknown_is_left_and_told(expression: str, message: str, suggestion: str | None) -> None:
    filled = VALUES.fill(f"{{{{ {expression} }}}}")
    assert filled.text == f"{{{{ {expression} }}}}"
    assert message in filled.unknown[0].message
    assert filled.unknown[0].suggestion == suggestion


def test_the_finding_is_on_the_line_of_the_value() -> None:
    page = Page("docs/p.md", "p.md", "# T\n\nfirst\n{{ setting.X.default }}\n\n```\n{{ nothing }}\n```\n")
    assert [(finding.line, finding.code) for finding in check(page, VALUES, set())] == [(4, "value-unknown")]


@given(st.text())
def test_text_without_values_is_left_alone(text: str) -> None:
    if "{{" not in text:
        assert VALUES.fill(text).text == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("duration", 1, "1 second"), ("duration", 3600, "1 hour"), ("duration", 7200, "2 hours"),
        ("duration", 172800, "2 days"), ("duration", 0, "0 seconds"), ("duration", 0.25, "250 milliseconds"),
        ("minutes", 60, "1 hour"), ("minutes", 90, "90 minutes"), ("seconds", 3600, "3600 seconds"),
        ("bytes", 1048576, "1 MiB"), ("bytes", 12, "12 bytes"), ("bytes", 1536, "1.5 KiB"),
        ("percent", 0.25, "25 %"), ("number", 10000, "10,000"), ("words", 6, "six"), ("words", 40, "40"),
        ("plain", None, "–"), ("plain", True, "yes"), ("plain", 2.0, "2"), ("plain", [], "–"),
        ("code", None, "–"), ("code", "a`b", "`` a`b ``"), ("code", False, "`false`"), ("mark", [], "–"),
        ("list", ["a"], "a"), ("list", ["a", "b"], "a and b"), ("count", [1, 2], "2"), ("title", "abc", "Abc"),
    ],
)  # fmt: skip
def test_filters(name: str, value: Any, text: str) -> None:
    assert FILTERS[name](value) == text


def bare_values(text: str, **words: str) -> list[tuple[int, str]]:
    page = Page("docs/guide/p.md", "guide/p.md", text)
    found = bare.check(page, BareValues(folders=["guide"]), Vocabulary(dict(words)))
    return [(finding.line, finding.message.split("'")[1]) for finding in found]


def test_a_number_with_a_unit_is_found_on_its_line() -> None:
    text = "x\nwaits 15 seconds\n\n| 99 % |\n\nsize 5MiB, a 30-minute rest\n"
    assert bare_values(text) == [(2, "15 seconds"), (4, "99 %"), (6, "5MiB"), (6, "30-minute")]


def test_covered_numbers_are_not_found() -> None:
    text = "two books, `15 seconds`, [x](a-15 s), 2026-02-03, v1.2 sx\n\n```\n15 seconds\n```\n{{ a.b | 5 s }}\n"
    assert bare_values(text) == []


def test_a_project_may_add_units() -> None:
    page = Page("docs/p.md", "p.md", "takes 50 loans, two books\n")
    found = bare.check(page, BareValues(folders=["p.md"], units=["loans?"]), Vocabulary())
    assert [finding.message for finding in found] == ["'50 loans' is written by hand"]


def test_the_vocabulary_may_explain_a_value() -> None:
    assert bare_values("24 hours\n", **{"24 hours": "a day"}) == []
