# ruff: noqa: E501 (tables of breaches read best with one breach to a line)
"""Conformance: drivers that behave, and drivers that break each rule once."""

import sys
from pathlib import Path
from typing import Any

import pytest
from trueup import conformance
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.facts import Fact, Inventory
from trueup.truth import Truth

PARCELS = f"{sys.executable} {Path(__file__).with_name('parcels.py')} {{port}} {{data}}"


def transition(source: str | None, event: str, target: str, guard: str = "", line: int = 1) -> Fact:
    attributes = {"source": source, "event": event, "target": target, "guard": guard}
    return Fact("transition", f"{source or 'new'} → {target} ({event})", attributes, "parcels/states.py", line)


FACTS = Inventory(
    [
        Fact("state", "posted", {"order": 0}, "parcels/states.py", 1),
        Fact("state", "lost", {"order": 1}, "parcels/states.py", 2),
        Fact("event", "post", {"actor": "person"}, "parcels/states.py", 4),
        Fact("event", "lose", {"actor": "robot"}, "parcels/states.py", 5),
        Fact("event", "find", {"actor": "person"}, "parcels/states.py", 6),
        transition(None, "post", "posted", line=10),
        transition("posted", "lose", "lost", "nobody looks", line=11),
        transition("lost", "find", "posted", line=12),
        Fact("problem", "parcel.state", {}),
        Fact("problem", "parcel.unknown", {}),
    ]
)

DRIVER = """
from contextlib import contextmanager
from trueup.driver import Outcome

TABLE = {("", "post"): "posted", ("posted", "lose"): "lost", ("lost", "find"): "posted"}
ACTORS = {"post": "person", "lose": "robot", "find": "person"}


class Parcels:
    def attempt(self, trial):
        target = TABLE.get((trial.state, trial.event))
        if target is None or not trial.guard or trial.actor != ACTORS[trial.event]:
            problem = "parcel.state" if trial.state else "parcel.unknown"
            return Outcome(False, trial.state, problem if trial.actor == "person" else "")
        return Outcome(True, target)


@contextmanager
def drive(live):
    assert live.base_url.startswith("http://127.0.0.1:")
    assert live.variables["PORT"]
    yield Parcels()
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "parcel_driver", raising=False)
    (tmp_path / "code.py").write_text("")
    (tmp_path / "inventory.json").write_text(FACTS.dump())
    (tmp_path / "parcel_driver.py").write_text(DRIVER)
    return tmp_path


def run(root: Path, **keys: Any) -> conformance.CheckResult:
    config = Config.model_validate(
        {
            "inventory": "inventory.json",
            "service": {"command": PARCELS, "ready": "/ready", "depends": ["code.py"]},
            "timeouts": {"start": 10, "stop": 1},
            "conformance": {
                "driver": "parcel_driver:drive",
                "problem": "parcel.state",
                "absent": "parcel.unknown",
                **keys,
            },
        }
    )
    return conformance.run(config, root, Truth(FACTS))


def test_a_service_that_does_what_the_pages_say(project: Path) -> None:
    result = run(project)
    assert result.findings == ()
    assert result.counted == 9
    assert result.figures == {"pairs": 9, "allowed": 3, "guards": 1, "strangers": 3}


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('("lost", "find"): "posted"', '("lost", "find"): "lost"', 12, "lost + find: must lead to posted, but led to lost"),
        (', ("lost", "find"): "posted"', "", 12, "lost + find: must lead to posted, but was refused with parcel.state"),
        ('TABLE = {', 'TABLE = {("lost", "post"): "posted", ', 4, "lost + post: must be refused, but happened; the state is posted"),
        ("not trial.guard or ", "", 11, "posted + lose, its guard not met: must be refused, but happened; the state is lost"),
        ("trial.actor != ACTORS[trial.event]", "trial.actor == 'nobody'", 10, "new + post as robot: must be refused, but happened"),
        ('"parcel.state" if', '"parcel.unknown" if', 4, "posted + post: must be refused with parcel.state, but was with parcel.unknown"),
        ('else "parcel.unknown"', 'else "parcel.gone"', 6, "new + find: was refused with parcel.gone, which is documented nowhere"),
        ("Outcome(False, trial.state,", "Outcome(False, 'lost',", 4, "posted + post: must change nothing, but the state is lost now"),
    ],
)  # fmt: skip
def test_each_way_to_differ_is_found_at_its_transition(
    project: Path, old: str, new: str, line: int, message: str
) -> None:
    file = project / "parcel_driver.py"
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
    found = [finding for finding in run(project).findings if finding.message.startswith(message)]
    assert len(found) == 1, run(project).findings
    assert (found[0].path, found[0].line, found[0].code) == ("parcels/states.py", line, "conformance-differs")


def test_what_the_pages_show_counts_not_what_the_code_says_now(project: Path) -> None:
    shown = Inventory([fact for fact in FACTS if fact.key != "lost → posted (find)"])
    (project / "inventory.json").write_text(shown.dump())
    (finding,) = run(project).findings
    assert finding.message == "lost + find: must be refused, but happened; the state is posted"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("raise RuntimeError('no road')", "importing 'parcel_driver' failed: RuntimeError: no road"),
        (DRIVER.replace("target = TABLE", "target = TABEL"), "failed at new + find by person: NameError"),
        (DRIVER.replace("yield Parcels()", "raise KeyError('key')"), "parcel_driver:drive failed: KeyError: 'key'"),
        (DRIVER.replace("return Outcome(True, target)", "return target"), "answered str, not trueup.driver.Outcome"),
        (DRIVER.replace("def drive", "def drove"), "has no 'drive'"),
    ],
)
def test_a_driver_that_fails_is_one_line_that_names_its_key(project: Path, text: str, part: str) -> None:
    (project / "parcel_driver.py").write_text(text)
    with pytest.raises(TrueupError) as raised:
        run(project)
    assert "tool.trueup.conformance.driver" in str(raised.value)
    assert part in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_kinds_without_facts_are_an_error(project: Path) -> None:
    with pytest.raises(TrueupError, match="no facts of the kind 'status'"):
        run(project, states="status")
