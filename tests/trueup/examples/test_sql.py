"""Blocks of SQL."""

import pytest

from tests.trueup.examples.stories import Project

SHELF = """```bash
python3 - <<'PY'
import os, sqlite3
with sqlite3.connect(os.environ["SHELF"]) as shelf:
    shelf.execute("CREATE TABLE parcels (state TEXT, weight REAL)")
    shelf.executemany("INSERT INTO parcels VALUES (?, ?)", [("posted", 1.5), ("lost", None)])
PY
```

"""


@pytest.fixture
def shelf(project: Project) -> Project:
    """A project whose service has a database."""
    project.settings["service"] |= {"database": "sqlite:///{data}/shelf.db", "env": {"SHELF": "{data}/shelf.db"}}
    return project


def test_sql_runs_on_the_database_of_the_pages_service(shelf: Project) -> None:
    shelf.page(SHELF + "```sql\nSELECT state, weight\nFROM parcels ORDER BY 1\n```\n\n``` {.text .output}\nold\n```\n")
    assert [(f.line, f.code) for f in shelf.run().findings] == [(15, "example-differs")]
    shelf.run(write=True)
    assert " state  | weight\n--------+--------\n lost   |\n posted |    1.5\n(2 rows)\n" in shelf.read()
    assert shelf.run().findings == ()


@pytest.mark.parametrize(
    ("block", "line", "code", "part"),
    [
        ("```sql\nSELECT stat FROM parcels\n```\n", 10, "example-failed", "sql block failed: no such column: stat"),
        ("```sql\nDELETE FROM parcels\n```\n", 10, "example-failed", "write {.sql write=true}"),
        ("``` {.sql exit=1}\nSELECT 1\n```\n", 10, "example-failed", "is documented to fail"),
        (
            "``` {.sql timeout=1}\nWITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)\n"
            "SELECT sum(x) FROM n\n```\n",
            10,
            "example-timeout",
            "sql block did not end within 1 s",
        ),
    ],
)
def test_sql_that_cannot_be_run(shelf: Project, block: str, line: int, code: str, part: str) -> None:
    finding = shelf.finding(SHELF + block)
    assert (finding.line, finding.code) == (line, code)
    assert part in str(finding)


def test_sql_changes_data_only_where_it_says_so(shelf: Project) -> None:
    shelf.page(
        SHELF
        + "``` {.sql write=true}\nDELETE FROM parcels WHERE state = 'lost'\n```\n\n"
        + "```sql\nSELECT count(*) AS n FROM parcels\n```\n\n``` {.text .output}\n n\n---\n 1\n(1 row)\n```\n"
        + "\n``` {.sql exit=1}\nDELETE FROM parcels\n```\n\n``` {.text .output}\n"
        + "ERROR:  attempt to write a readonly database\n```\n"
    )
    assert shelf.run().findings == ()
    assert shelf.run().per_page == {"docs/x.md": 4}


def test_sql_needs_an_address(project: Project) -> None:
    finding = project.finding("```sql\nSELECT 1\n```\n")
    assert "set tool.trueup.service.database" in finding.mend
    project.settings["service"] |= {"database": "nosuch://x"}
    assert "tool.trueup.service.database: Can't load plugin" in project.finding("```sql\nSELECT 1\n```\n").message
