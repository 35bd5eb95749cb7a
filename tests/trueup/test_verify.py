"""Blocks held against what reads them in earnest: the named fault, on the line of the block that is at fault."""

import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from trueup.facts import Fact, Inventory
from trueup.verify import env, mermaid, prometheus, promql, site, systemd
from trueup.verify.aligned import aligned
from trueup.verify.consumer import Means, consume
from trueup.verify.formats import MalformedError, parse
from trueup.verify.schemas import Schemas
from trueup.verify.verdict import Fault, Sample

METRICS = Inventory(
    [
        Fact("metric", "parcels", {"labels": ["state", "depot"]}),
        Fact("metric", "parcels_weight", {"labels": []}),
    ]
)


class Desk(BaseSettings):
    """Settings whose values depend on each other."""

    model_config = SettingsConfigDict(env_file="nowhere.env", frozen=True, extra="forbid")

    seats: Annotated[int, Field(ge=1, le=9)] = 3
    lease_seconds: float = 15
    beat_seconds: float = 5
    token: str = Field(min_length=3, validation_alias="DESK_TOKEN")

    @model_validator(mode="after")
    def beats(self) -> "Desk":
        if self.beat_seconds >= self.lease_seconds:
            raise ValueError("BEAT_SECONDS must be below LEASE_SECONDS")
        return self


def told(faults: Any) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.code, fault.message) for fault in faults]


@pytest.mark.parametrize(
    ("source", "line", "code", "part"),
    [
        ("# a comment\n\nSEATS=12\n", 3, "value-invalid", "SEATS: Input should be less than or equal to 9"),
        ("SEAT=3\n", 1, "setting-unknown", "unknown setting SEAT"),
        ("SEATS=3\n\nexport DESK_TOKEN=ab # short\n", 3, "value-invalid", "DESK_TOKEN: String should have at least 3"),
        ("SEATS=3\nhello world\n", 2, "block-invalid", "line is no NAME=value"),
        ("SEATS\n", 1, "block-invalid", "line is no NAME=value"),
        ("DESK_TOKEN=abc\nBEAT_SECONDS=20\n", 0, "value-invalid", "BEAT_SECONDS must be below LEASE_SECONDS"),
    ],
)
def test_a_dotenv_line_that_the_settings_refuse(source: str, line: int, code: str, part: str) -> None:
    found = told(env.faults(source, [Desk]))
    assert len(found) == 1
    assert found[0][:2] == (line, code)
    assert part in found[0][2]


def test_dotenv_that_the_settings_accept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEATS", "99")  # this machine's environment is not the page's
    assert told(env.faults('seats=9\nDESK_TOKEN="a b c"\n', [Desk])) == []
    assert told(env.mapping_faults({"seats": 2, "DESK_TOKEN": "it's"}, [Desk])) == []
    assert told(env.mapping_faults({"seats": 0}, [Desk]))[0][1] == "value-invalid"
    assert told(env.mapping_faults(["seats"], [Desk]))[0][1] == "block-invalid"


@pytest.mark.parametrize(
    "source",
    [
        'sum by (state) (rate(parcels{depot=~"a|b"}[5m])) > 0',
        "# how heavy\nparcels_weight_bucket\n\nup == 0\n",
        "parcels\n  / on (state) group_left (depot) parcels",
        'label_replace(parcels, "place", "$1", "depot", "(.*)") and on (place) up',
        "histogram_quantile(0.95, sum by (le) (rate(parcels_weight_bucket[1h])))",
    ],
)
def test_promql_of_known_metrics(source: str) -> None:
    assert told(promql.faults(source, METRICS)) == []


@pytest.mark.parametrize(
    ("source", "line", "part"),
    [
        ("up\n\nparcels{", 3, "expression is no PromQL: unexpected end of input"),
        ("sum(\n  parcel\n)", 2, "unknown metric parcel"),
        ('parcels{stat="lost"}', 1, "unknown label stat of the metric parcels"),
        ("sum by (city) (parcels)", 1, "unknown label city of the metric parcels"),
        ("abs(1, 2)", 1, "expected 1 argument"),
    ],
)
def test_promql_that_is_wrong(source: str, line: int, part: str) -> None:
    (fault,) = promql.faults(source, METRICS)
    assert fault.line == line
    assert part in fault.message


def test_a_metric_is_anybodys_where_there_are_no_facts_of_metrics() -> None:
    assert told(promql.faults("anything{at=~'all'}", Inventory(()))) == []


CONFIG = "scrape_configs:\n  - job_name: desk\n    scrape_interval: 30s\n    static_configs:\n      - targets: [a:1]\n"
RULES = """groups:
  - name: desk
    rules:
      - record: parcels:sum
        expr: sum(parcels)
      - alert: TooMany
        expr: parcels:sum > 7
        for: 5m
        annotations: {summary: "many"}
"""


def test_files_of_prometheus_that_it_reads() -> None:
    assert prometheus.config_faults(CONFIG, parse("yaml", CONFIG), Inventory(())) == []
    assert prometheus.rules_faults(RULES, parse("yaml", RULES), METRICS) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "part"),
    [
        ("scrape_configs", "scrape_config", 1, "a Prometheus configuration has no scrape_config"),
        ("30s", "30 seconds", 3, "scrape_interval '30 seconds' is no duration"),
        ("job_name: desk", "name: desk", 1, "a scrape configuration has no job_name"),
    ],
)
def test_a_prometheus_configuration_that_is_wrong_on_every_machine(old: str, new: str, line: int, part: str) -> None:
    source = CONFIG.replace(old, new)
    assert [
        (fault.line, fault.message) for fault in prometheus.config_faults(source, parse("yaml", source), Inventory(()))
    ] == [(line, part)]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("    metrics_path: /api/metrics\n", []),
        ("    metrics_path: /metrics\n", [(3, "desk: the service has no GET /metrics", "did you mean /api/metrics?")]),
        (
            "    metrics_path: /api/metric\n",
            [(3, "desk: the service has no GET /api/metric", "did you mean /api/metrics?")],
        ),
        ("", [(2, "desk: the service has no GET /metrics", "did you mean /api/metrics?")]),
    ],
)
def test_a_scraped_path_is_one_of_the_service(path: str, told: list[tuple[int, str, str]]) -> None:
    source = f"scrape_configs:\n  - job_name: desk\n{path}"
    facts = Inventory([Fact("operation", "GET /api/metrics", {}), Fact("operation", "GET /loans", {})])
    found = prometheus.config_faults(source, parse("yaml", source), facts)
    assert [(fault.line, fault.message, fault.mend) for fault in found] == told


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed on this machine")
def test_what_only_promtool_knows_is_found_where_it_is_installed() -> None:
    source = CONFIG.replace("    scrape_interval: 30s\n", "    metric_path: /x\n")
    (fault,) = prometheus.config_faults(source, parse("yaml", source), Inventory(()))
    assert "promtool refuses it" in fault.message
    assert "field metric_path not found" in fault.message
    assert fault.line == 3


@pytest.mark.parametrize(
    ("old", "new", "line", "part"),
    [
        ("sum(parcels)", "sum(parcel)", 5, "parcels:sum: unknown metric parcel"),
        ("parcels:sum > 7", "parcels:sum >", 7, "TooMany: expression is no PromQL"),
        ("for: 5m", "for: soon", 6, "TooMany: for 'soon' is no duration"),
        ("annotations", "annotation", 9, "the rule TooMany has no annotation"),
        ("alert: TooMany", "name: TooMany", 6, "a rule has either alert or record"),
    ],
)
def test_a_rule_that_is_wrong(old: str, new: str, line: int, part: str) -> None:
    source = RULES.replace(old, new)
    found = prometheus.rules_faults(source, parse("yaml", source), METRICS)
    assert any(part in fault.message for fault in found), found
    if "name:" not in new:
        assert [fault.line for fault in found] == [line]


def test_mermaid_is_drawn_and_the_line_that_it_cannot_draw_is_named() -> None:
    assert list(mermaid.faults("stateDiagram-v2\n  [*] --> lent\n  lent --> back: return\n")) == []
    (fault,) = mermaid.faults("stateDiagram-v2\n  lent --> back\n  lent -> back\n")
    assert fault.line == 3
    assert "draw it from facts" in fault.mend


def test_mkdocs_reads_its_own_configuration() -> None:
    assert list(site.faults("site_name: Library\nmarkdown_extensions:\n  - attr_list\n")) == []
    (fault,) = site.faults("site_name: Library\nuse_directory_urls: maybe\n")
    assert (fault.line, "use_directory_urls" in fault.message) == (2, True)


def test_consumers_by_name(tmp_path: Path) -> None:
    def ask(name: str, source: str, language: str) -> list[Fault]:
        sample = Sample(source, language, root=tmp_path, facts=METRICS)
        means = Means([Desk], Schemas({"components": {"schemas": {"Name": {"type": "string"}}}}))
        return list(consume(name, sample, parse(language, source), means))

    (tmp_path / "desk.schema.json").write_text(json.dumps({"type": "object", "required": ["seats"]}))
    assert ask("schema:desk.schema.json", "seats: 1\n", "yaml") == []
    assert ask("schema:desk.schema.json", "seat: 1\n", "yaml")[0].code == "schema-mismatch"
    assert ask("schema:none.json", "seat: 1\n", "yaml")[0].code == "schema-unknown"
    assert ask("schema:Name", "1\n", "yaml")[0].code == "schema-mismatch"
    assert ask("settings", "seats = 4\n", "toml") == []
    assert ask("trueup", '[tool.trueup]\napp = "a:b"\n', "toml") == []
    assert "tool.trueup.ap: Extra inputs" in ask("trueup", '[tool.trueup]\nap = "a:b"\n', "toml")[0].message
    assert ask("rule", RULES, "yaml") == [
        Fault("unknown consumer rule", code="block-attribute", mend="did you mean rules?")
    ]


@pytest.mark.parametrize(
    ("language", "source", "line"),
    [
        ("json", '{\n"a" 1}', 2),
        ("yaml", "a:\n  - b\n c\n", 3),
        ("toml", "a = 1\nb = \n", 2),
        ("ini", "[a]\nb\n=c\n", 3),
    ],
)
def test_a_text_that_is_not_well_formed(language: str, source: str, line: int) -> None:
    with pytest.raises(MalformedError) as raised:
        parse(language, source)
    assert raised.value.line == line


def test_tags_of_yaml_are_the_consumers_affair() -> None:
    assert parse("yaml", "a: !ENV HOME\n") == {"a": "HOME"}


def test_a_table_as_psql_prints_it() -> None:
    assert aligned(["status", "n"], [["pending", "1"], ["done", "12"]], right={1}) == (
        " status  | n\n---------+----\n pending |  1\n done    | 12\n(2 rows)\n"
    )
    assert aligned(["a"], []) == " a\n---\n(0 rows)\n"


UNIT = """[Unit]
Description=Desk

[Service]
Environment=SEATS=3 TMPDIR=/tmp \\
  BEAT_SECONDS=2
ExecStart=-/opt/desk/bin/desk open --seats 4
ExecStartPre=/usr/bin/true --nonsense
"""
COMMANDS = Inventory(
    [
        Fact("command", "desk", {"commands": ["open"], "arguments": []}),
        Fact("command", "desk open", {"commands": [], "arguments": []}),
        Fact("option", "desk open --seats", {"command": "desk open", "spellings": ["--seats"], "type": "integer"}),
    ]
)


def test_a_unit_of_systemd() -> None:
    assert told(systemd.faults(UNIT, [Desk], COMMANDS)) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "part"),
    [
        ("[Service]", "[Servise]", 4, "systemd has no section [Servise]"),
        ("SEATS=3", "SEAT=3", 5, "unknown setting SEAT"),
        ("BEAT_SECONDS=2", "BEAT_SECONDS=two", 5, "BEAT_SECONDS: Input should be a valid number"),
        ("SEATS=3", "SEATS", 5, "Environment= holds SEATS, which is no NAME=value"),
        ("--seats", "--chairs", 7, "desk open has no option --chairs"),
        ("desk open", "desk opne", 7, "desk has no command opne"),
        ("Description", "description", 2, "description is no directive of systemd"),
    ],
)
def test_a_unit_of_systemd_that_is_wrong(old: str, new: str, line: int, part: str) -> None:
    (fault,) = systemd.faults(UNIT.replace(old, new), [Desk], COMMANDS)
    assert fault.line == line
    assert part in fault.message
