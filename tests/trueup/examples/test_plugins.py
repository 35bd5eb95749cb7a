"""Verifiers and normalisers that a project brings along."""

import sys

import pytest
from trueup.errors import TrueupError

from tests.trueup.examples.stories import Project

PLUGIN = '''"""Verifiers of waybills."""

from trueup.verify.verdict import Sample, Verdict


def verify(sample: Sample) -> Verdict:
    lines = sample.source.splitlines()
    for number, line in enumerate(lines, 1):
        if not line.startswith("to "):
            return Verdict.fault(f"{line!r} is no waybill", number)
    return Verdict(output=f"{len(lines)} waybills for {sample.variables.get('DESK', 'nobody')}\\n")


def crash(sample: Sample) -> Verdict:
    raise KeyError("desk")


def silly(sample: Sample) -> str:
    return "fine"


def endless(sample: Sample) -> Verdict:
    import threading

    threading.Event().wait(30)
'''


@pytest.fixture
def plugged(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a verifier of its own, for the language `waybill`."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "waybills", raising=False)
    (project.root / "waybills.py").write_text(PLUGIN, encoding="utf-8")
    project.settings["verifiers"] = {"waybill": "waybills:verify"}
    return project


def test_a_project_verifies_a_language_of_its_own(plugged: Project) -> None:
    plugged.page(
        "```bash\nexport DESK=Ada\n```\n\n``` {.waybill colour=red}\nto Bern\nto Genf\n```\n\n"
        "``` {.text .output}\n2 waybills for Ada\n```\n"
    )
    assert plugged.run().findings == ()
    assert plugged.findings("```waybill\nto Bern\nfor Genf\n```\n") == [(3, "block-invalid")]


@pytest.mark.parametrize(
    ("function", "code", "part"),
    [
        ("crash", "plugin-failed", "tool.trueup.verifiers.waybill: waybills:crash failed: KeyError: 'desk'"),
        ("silly", "plugin-failed", "tool.trueup.verifiers.waybill: waybills:silly returned str, no Verdict"),
        ("endless", "example-timeout", "tool.trueup.verifiers.waybill: waybills:endless did not end within 1 s"),
    ],
)
def test_a_verifier_that_fails_is_named_by_its_key(plugged: Project, function: str, code: str, part: str) -> None:
    plugged.settings["verifiers"] = {"waybill": f"waybills:{function}"}
    finding = plugged.finding("``` {.waybill timeout=1}\nto Bern\n```\n")
    assert finding.code == code
    assert finding.message.startswith(part)


@pytest.mark.parametrize("name", ["waybills:nothing", "nowhere:verify", "waybills"])
def test_a_verifier_that_cannot_be_imported_is_an_error_that_names_its_key(plugged: Project, name: str) -> None:
    plugged.settings["verifiers"] = {"waybill": name}
    plugged.page("# Nothing\n")
    with pytest.raises(TrueupError, match=r"tool\.trueup\.verifiers\.waybill"):
        plugged.run()


def test_a_verifier_may_be_a_consumer(plugged: Project) -> None:
    plugged.settings["consumers"] = {"desk.yml": "waybill"}
    assert plugged.findings('```yaml title="/etc/desk.yml"\nfor: x\n```\n') == [(2, "block-invalid")]
    assert plugged.findings("``` {.yaml consumer=waybill}\nfor: x\n```\n") == [(2, "block-invalid")]
    assert plugged.findings('```yaml title="other.yml"\nfor: x\n```\n') == []


def test_a_normaliser_of_the_project(project: Project) -> None:
    page = "```bash {normalise=waybill}\necho WB-$RANDOM$RANDOM\n```\n\n``` {.text .output}\nWB-12\n```\n"
    assert project.findings(page)[0][1] == "block-attribute"
    project.settings["normalisers"] = {"waybill": {"pattern": r"\bWB-\d+", "meaning": "a waybill", "identity": True}}
    assert project.findings(page) == []
    assert project.findings(page.replace("echo WB", "echo wb")) == [(5, "example-differs")]


@pytest.mark.parametrize(
    ("name", "pattern", "part"),
    [
        ("waybill", "(", "is no regular expression"),
        ("waybill", "(?P<x>a)", "no named groups"),
        ("waybill", "a*", "matches nothing at all"),
        ("Way_bill", "a", "small letters"),
    ],
)
def test_a_normaliser_that_cannot_work_is_an_error_that_names_its_key(
    project: Project, name: str, pattern: str, part: str
) -> None:
    project.settings["normalisers"] = {name: {"pattern": pattern, "meaning": "x"}}
    project.page("# Nothing\n")
    with pytest.raises(TrueupError, match=rf"tool\.trueup\.normalisers\.{name}: .*{part}"):
        project.run()
