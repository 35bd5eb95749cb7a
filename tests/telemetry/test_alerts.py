"""The alert rules that are shipped: Prometheus accepts them, they fire when they should, and follow the settings."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from app.settings import Settings
from app.telemetry.metrics import METRICS

ROOT = Path(__file__).parents[2]
RULES = ROOT / "app/telemetry/alerts.yml"
ALERTS = {rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool of Prometheus is not installed")


def promtool(*arguments):
    return subprocess.run(["promtool", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)


@needs_promtool
def test_prometheus_accepts_the_rules():
    result = promtool("check", "rules", str(RULES))
    assert result.returncode == 0, result.stdout + result.stderr


@needs_promtool
def test_alerts_fire_when_they_should_and_not_before():
    """P8-9: the alert rules do what they say."""
    result = promtool("test", "rules", "tests/telemetry/alerts_test.yml")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_it_means_and_where_to_look(name):
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"].endswith(".")
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    heading = anchor.replace("-", " ")
    assert f"## {heading}\n" in (ROOT / "docs/admin/jobs" / page).read_text().lower()


def test_half_of_the_waiting_time_is_half_of_the_setting():
    minutes = Settings.model_fields["pending_minutes"].default
    assert ALERTS["JobsPendingTooOld"]["expr"] == f"jobs_oldest_pending_seconds > {minutes * 60 // 2}"


def test_every_alert_is_seen_to_fire_and_to_stay_quiet():
    """P8-9: no alert rule without a test of its own."""
    groups = yaml.safe_load((ROOT / "tests/telemetry/alerts_test.yml").read_text())["tests"]
    tested = [row for group in groups for row in group["alert_rule_test"]]
    assert {row["alertname"] for row in tested if row.get("exp_alerts")} == set(ALERTS)
    assert {row["alertname"] for row in tested if not row.get("exp_alerts")} == set(ALERTS)


def test_the_dashboard_shows_every_metric():
    """P8-9: what is measured can be seen."""
    text = (ROOT / "app/telemetry/dashboard.json").read_text()
    assert [kind.name for kind in METRICS if not re.search(rf"\b{kind.name}\b|\b{kind.name}_bucket\b", text)] == []


def test_the_metrics_that_alerts_read_exist():
    known = {kind.name for kind in METRICS} | {"up"}
    assert all(any(name in rule["expr"] for name in known) for rule in ALERTS.values())
