"""The Jobs page and the runbooks lead to each other."""

import re
from pathlib import Path

import pytest

from app.households.voter_file import VoterFileError
from app.jobs.failures import ABANDONED
from app.problems import Problem
from app.ui.runbooks import ERRORS, MANY_FAILURES, SILENT_WORKER

PAGE = (Path(__file__).parents[2] / "docs/admin/jobs/troubleshooting.md").read_text()
ENTRIES = {re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") for heading in re.findall(r"^## (.+)$", PAGE, re.M)}


@pytest.mark.parametrize("entry", [SILENT_WORKER, MANY_FAILURES, *ERRORS.values()])
def test_there_is_such_an_entry(entry):
    assert entry in ENTRIES


def test_every_code_is_one_that_the_service_writes():
    problems = {kind.code for kind in Problem.catalogue()}
    assert set(ERRORS) <= problems | {ABANDONED, VoterFileError.__name__}


@pytest.mark.parametrize(("code", "entry"), ERRORS.items())
def test_an_error_leads_where_the_runbooks_say(code, entry):
    rows = [line for line in PAGE.splitlines() if re.match(rf"\| [^|]*[`\"]{re.escape(code)}[`\"]", line)]
    assert any(f"(#{entry})" in row for row in rows)
