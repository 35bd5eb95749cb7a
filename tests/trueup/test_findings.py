"""The table of finding codes is exactly what the code uses."""

import re
from pathlib import Path

import pytest
import trueup
from trueup.findings import CODES, Finding

SOURCES = [path.read_text() for path in Path(trueup.__file__).parent.rglob("*.py") if path.name != "findings.py"]


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_used_and_explained(code: str) -> None:
    assert any(f'"{code}"' in source for source in SOURCES)
    assert CODES[code].meaning.endswith(".")
    assert CODES[code].mend.endswith(".")
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", code)


def test_a_code_that_is_not_listed_is_refused() -> None:
    with pytest.raises(KeyError, match="'nonsense' is not listed"):
        Finding("a.md", 1, "nonsense", "x")


def test_a_finding_is_one_line_with_place_what_mend_and_code() -> None:
    finding = Finding("docs/x.md", 41, "setting-unknown", "unknown setting WORKERS_COUNT", "did you mean WORKER_COUNT?")
    assert str(finding) == "docs/x.md:41: unknown setting WORKERS_COUNT; did you mean WORKER_COUNT? [setting-unknown]"
