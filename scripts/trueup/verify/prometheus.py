"""Files of Prometheus: its configuration and its rules, held against `promtool` where there is one, and against facts.

What can be said without `promtool` is said on every machine: the shape of a file, its durations and expressions.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trueup.facts import Inventory, closest
from trueup.verify import promql
from trueup.verify.verdict import Fault

_DURATION = re.compile(r"(?=\d)(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?")
_TOP = frozenset(
    {
        *("global", "scrape_configs", "scrape_config_files", "rule_files", "alerting", "remote_write", "remote_read"),
        *("storage", "tracing", "runtime", "otlp", "tsdb"),
    }
)
_GROUP = frozenset({"name", "interval", "query_offset", "limit", "labels", "rules"})
_RULE = frozenset({"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"})
_SECONDS = 30


def config_faults(source: str, value: Any, facts: Inventory) -> list[Fault]:
    """What is wrong with a `prometheus.yml`, which scrapes a path that the service must have."""
    # promtool looks for the files that the configuration names, unless it is told to check the syntax alone.
    return list(_config(source, value, facts)) or list(_promtool(source, "config", "--syntax-only"))


def rules_faults(source: str, value: Any, facts: Inventory) -> list[Fault]:
    """What is wrong with a file of rules: its shape, and expressions whose metrics or labels are no facts."""
    return list(_rules(source, value, facts)) or list(_promtool(source, "rules"))


def _config(source: str, value: Any, facts: Inventory) -> Iterator[Fault]:
    if not isinstance(value, Mapping):
        yield Fault("a Prometheus configuration is a mapping")
        return
    yield from _unknown(value, _TOP, source, "a Prometheus configuration")
    names: set[str] = set()
    for job in value.get("scrape_configs") or ():
        name = job.get("job_name") if isinstance(job, Mapping) else None
        if not name:
            yield Fault("a scrape configuration has no job_name", _line(source, "scrape_configs"))
        elif name in names:
            yield Fault(f"two scrape configurations are named {name}", _line(source, str(name)))
        names.add(str(name))
        path = str(job.get("metrics_path", "/metrics")) if isinstance(job, Mapping) else ""
        served = [fact.key for fact in facts.of_kind("operation") if fact.key.startswith("GET ")]
        if path and served and f"GET {path}" not in served:
            close = closest(path, [key.removeprefix("GET ") for key in served])
            yield Fault(
                f"{name}: the service has no GET {path}",
                _line(source, "metrics_path") if "metrics_path" in job else _line(source, str(name)),
                mend=f"did you mean {close}?" if close else "write metrics_path",
            )
        for key in ("scrape_interval", "scrape_timeout"):
            if isinstance(job, Mapping) and not _is_duration(job.get(key, "1s")):
                yield Fault(f"{key} {job[key]!r} is no duration", _line(source, key))


def _rules(source: str, value: Any, facts: Inventory) -> Iterator[Fault]:
    if not isinstance(value, Mapping) or not isinstance(value.get("groups"), list):
        yield Fault("a file of rules has a list of groups")
        return
    yield from _unknown(value, frozenset({"groups"}), source, "a file of rules")
    rules = []
    for group in value["groups"]:
        if not isinstance(group, Mapping) or not group.get("name"):
            yield Fault("a group of rules has no name", _line(source, "groups"))
            continue
        yield from _unknown(group, _GROUP, source, f"the group {group['name']}")
        rules += [rule for rule in group.get("rules") or () if isinstance(rule, Mapping)]
    recorded = frozenset(str(rule["record"]) for rule in rules if "record" in rule)
    for rule in rules:
        yield from _rule(source, rule, facts, recorded)


def _rule(source: str, rule: Mapping[str, Any], facts: Inventory, recorded: frozenset[str]) -> Iterator[Fault]:
    name = str(rule.get("alert") or rule.get("record") or "")
    line = _line(source, name)
    if ("alert" in rule) == ("record" in rule):
        yield Fault("a rule has either alert or record", line)
    yield from _unknown(rule, _RULE, source, f"the rule {name}")
    for key in ("for", "keep_firing_for"):
        if not _is_duration(rule.get(key, "1s")):
            yield Fault(f"{name}: {key} {rule[key]!r} is no duration", line)
    if not isinstance(rule.get("expr"), str):
        yield Fault(f"{name}: the rule has no expr", line)
        return
    start = _line(source, str(rule["expr"]).strip().splitlines()[0]) if rule["expr"].strip() else line
    for fault in promql.faults(rule["expr"], facts, recorded):
        yield Fault(f"{name}: {fault.message}", start + fault.line - 1, fault.code, fault.mend)


def _is_duration(value: Any) -> bool:
    return bool(_DURATION.fullmatch(str(value)))


def _unknown(value: Mapping[str, Any], known: frozenset[str], source: str, what: str) -> Iterator[Fault]:
    for key in value:
        if key not in known:
            yield Fault(f"{what} has no {key}", _line(source, f"{key}:"), mend=f"it has {', '.join(sorted(known))}")


def _line(source: str, text: str) -> int:
    return next((number for number, line in enumerate(source.splitlines(), 1) if text and text in line), 1)


def _promtool(source: str, *check: str) -> Iterator[Fault]:
    """The verdict of promtool; none where it is not installed."""
    tool = shutil.which("promtool")
    if tool is None:
        return
    with tempfile.TemporaryDirectory(prefix="trueup-prometheus-") as folder:
        file = Path(folder) / "file.yml"
        file.write_text(source, encoding="utf-8")
        try:
            result = subprocess.run(
                [tool, "check", *check, str(file)], capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            yield Fault(f"promtool did not end within {_SECONDS} s")
            return
    if result.returncode:
        lines = [line.strip() for line in (result.stderr + result.stdout).splitlines() if line.strip()]
        told = [line.replace(f"{file}:", "").strip() for line in lines if not line.startswith(("Checking", "SUCCESS"))]
        place = re.search(r"line (\d+)|^(\d+):\d+", "\n".join(told), re.MULTILINE)
        line = int(place[1] or place[2]) if place else 1
        text = " ".join(line.removeprefix("FAILED:").strip() for line in told)[:300]
        yield Fault(f"promtool refuses it: {text}", line)
