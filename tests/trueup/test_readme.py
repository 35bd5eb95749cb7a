"""The README of trueup names everything that it offers."""

from pathlib import Path

import pytest
import trueup
from trueup.catalogue import collect

README = Path(trueup.__file__).with_name("README.md").read_text()


@pytest.mark.parametrize("kind", ["view", "filter"])
def test_readme_has_a_row_for_each(kind: str) -> None:
    for fact in collect():
        if fact["kind"] == kind:
            assert f"| `{fact['key']}` |" in README


def test_readme_names_each_attribute_of_a_fence_and_each_option_of_a_view() -> None:
    for fact in collect():
        if fact["kind"] in ("fence_attribute", "view_option"):
            assert fact["key"].rpartition(".")[2] in README, fact


def test_every_fact_of_the_catalogue_says_what_it_is_and_where() -> None:
    for fact in collect():
        assert fact["line"] > 1, fact
        if fact["kind"] != "fence_attribute":
            assert fact["summary"], fact
