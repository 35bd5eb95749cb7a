"""Examples of whole pages, run against a small live service."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.examples.run import RunResult, run_pages
from trueup.findings import Finding
from trueup.pages import read_pages
from trueup.processes import MARK

PARCELS = f"{sys.executable} {Path(__file__).with_name('parcels.py')} {{port}} {{data}}"
DOCUMENT = """{"components": {"schemas": {
  "Parcel": {"type": "object", "required": ["id", "to"], "properties": {"to": {"$ref": "#/components/schemas/Name"}}},
  "Name": {"type": "string", "minLength": 1}}}}"""


class Project:
    """A documentation project below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "docs").mkdir()
        (root / "scenarios").mkdir()
        (root / "code.py").write_text("", encoding="utf-8")
        (root / "openapi.json").write_text(DOCUMENT, encoding="utf-8")
        self.settings: dict[str, object] = {
            "openapi": "openapi.json",
            "scenarios": "scenarios",
            "timeouts": {"block": 5, "page": 20, "start": 10, "stop": 1},
            "service": {"command": PARCELS, "ready": "/ready", "depends": ["code.py"]},
        }

    def page(self, text: str, name: str = "x.md") -> None:
        (self.root / "docs" / name).write_text(text, encoding="utf-8")

    def read(self, name: str = "x.md") -> str:
        return (self.root / "docs" / name).read_text(encoding="utf-8")

    def run(self, *, write: bool = False, jobs: int = 2) -> RunResult:
        config = Config.model_validate(self.settings)
        return run_pages(config, read_pages(self.root, Path("docs")), root=self.root, write=write, jobs=jobs)

    def findings(self, text: str) -> list[tuple[int, str]]:
        self.page(text)
        return [(finding.line, finding.code) for finding in self.run().findings]

    def finding(self, text: str) -> Finding:
        self.page(text)
        (finding,) = self.run().findings
        return finding


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    yield Project(tmp_path)
    left = [process for process in psutil.process_iter() if _marked(process)]
    assert left == [], "every process of the run has ended"


def _marked(process: psutil.Process, mark: str = f"trueup-{os.getpid()}-") -> bool:
    try:
        return mark in process.environ().get(MARK, "")
    except (psutil.Error, OSError):
        return False


def test_a_page_is_a_story(project: Project) -> None:
    project.page("""# Parcels

```bash
ID=$(curl -s -d '{"to": "Ada"}' "$BASE_URL/parcels" | jq -r .id)
curl -s "$BASE_URL/parcels/$ID"
```

It answers:

```{.json .output schema=Parcel}
{
  "id": "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44",
  "to": "Ada",
  "posted_at": "2026-02-11T09:30:00+00:00",
  …
}
```

```bash
export ID
cd "$HOME" && mkdir -p sub && cd sub
```

```{.http}
GET /parcels/$ID
Accept: application/json
```

```{.http .output}
HTTP/1.1 200 OK
Content-Type: application/json

{"id": "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44", "posted_at": "2026-02-11T09:30:00+00:00", "state": "posted",
 "to": "Ada", "weight": 12}
```

```python
import os, pathlib
print(len(os.environ["ID"]), pathlib.Path.cwd() == pathlib.Path.home())
```

```{.text .output}
36 True
```

```console
$ basename "$PWD"
sub
$ echo $((1 +
> 1))
2
```

```pycon
>>> 1 + 1
2

>>> def double(n):
...     return 2 * n
>>> double(
...     4)
8
>>> 1 / 0
Traceback (most recent call last):
    ...
ZeroDivisionError: division by zero
```
""")
    result = project.run()
    assert result.findings == ()
    assert result.per_page == {"docs/x.md": 6}
    assert result.written == ()


def test_a_differing_output_shows_a_diff_and_the_way_out(project: Project) -> None:
    finding = project.finding("# T\n\n```bash\necho one; echo two\n```\n\n```{.text .output}\none\nthree\n```\n")
    assert str(finding) == (
        "docs/x.md:7: documented output differs from the real one; run `trueup check docs/x.md` to repeat it, "
        "`trueup write` to take the output over [example-differs]"
    )
    assert "-three\n+two" in finding.detail


def test_a_failing_block_stops_the_page(project: Project) -> None:
    finding = project.finding(
        "```bash\necho before\nno-such-command\necho after\n```\n\n```bash\ntrue\n```\n\n```python\n1\n```\n"
    )
    assert (finding.line, finding.code) == (1, "example-failed")
    assert finding.message == "bash block ended with status 127; the 2 examples after it were not run"
    assert finding.detail == "before\ndocs/x.md: line 3: no-such-command: command not found"


@pytest.mark.parametrize(
    "code",
    ["false", "false | true", "x=$(false)", "f() { false; echo go on; }; f", "(exit 1)", "ls /nowhere >/dev/null"],
)
def test_every_failing_command_counts(project: Project, code: str) -> None:
    assert project.findings(f"```bash\n{code}\necho not reached\n```\n") == [(1, "example-failed")]


def test_a_documented_failure_is_fine_and_its_absence_is_not(project: Project) -> None:
    assert project.findings("```{.bash exit=3}\nX=1\n(exit 3)\n```\n```bash\n[ $X = 1 ]\n```\n") == []
    assert "ended with status 0, expected 3" in project.finding("```{.bash exit=3}\ntrue\n```\n").message


def test_errors_are_part_of_the_output_as_on_a_terminal(project: Project) -> None:
    assert project.findings("```bash\necho a; echo b >&2; echo c\n```\n```{.text .output}\na\nb\nc\n```\n") == []


def test_curl_shows_no_progress_meter(project: Project) -> None:
    page = '```bash\ncurl "$BASE_URL/parcels"\n```\n```{.json .output}\n{"items": [], "total": 0}\n```\n'
    assert project.findings(page) == []


def test_a_block_inside_a_list(project: Project) -> None:
    lines = ["```bash", "cat <<E", "a", "  b", "E", "```", "", "```{.text .output}", "a", "  b", "```"]
    assert project.findings("1. Do:\n\n" + "".join(f"    {line}\n" for line in lines)) == []


def test_a_python_error_shows_the_page_and_not_the_runner(project: Project) -> None:
    finding = project.finding("# T\n\n```python\ndef f():\n    raise ValueError('bad')\nf()\n```\n")
    assert finding.code == "example-failed"
    assert 'File "docs/x.md", line 6, in <module>\n    f()' in finding.detail
    assert "interpreter.py" not in finding.detail


def test_python_keeps_its_variables_and_a_documented_error_is_fine(project: Project) -> None:
    page = (
        "```python\nx = 1\n```\n```{.python exit=1}\nraise SystemExit(x)\n```\n"
        "```python\nprint(x)\n```\n```{.text .output}\n1\n```\n"
    )
    assert project.findings(page) == []


def test_prompts_that_answer_otherwise(project: Project) -> None:
    finding = project.finding("```pycon\n>>> 1 + 1\n3\n```\n")
    assert (finding.line, finding.code) == (1, "example-differs")
    assert "-3\n+2" in finding.detail


def test_an_undocumented_error_behind_a_prompt(project: Project) -> None:
    finding = project.finding("```python\n>>> 1 / 0\n>>> 2\n2\n```\n")
    assert "+ZeroDivisionError: division by zero" in finding.detail


def test_a_console_command_fails_at_its_own_line(project: Project) -> None:
    assert project.findings("```console\n$ echo a\na\n$ false\n$ echo b\nb\n```\n") == [(4, "example-failed")]
    assert project.findings("```{.console exit=1}\n$ echo a\na\n$ false\n```\n") == []


def test_a_console_block_without_a_command(project: Project) -> None:
    assert project.findings("```console\nls\n```\n") == [(1, "block-invalid")]


def test_http_answers_are_compared_by_status_named_headers_and_body(project: Project) -> None:
    post = '```http\nPOST /parcels\nContent-Type: application/json\n\n{"to": "Ada"}\n```\n'
    good = (
        '```{.http .output volatile="weight"}\n201 Created\nLocation: /parcels/0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44\n\n'
        '{\n  "id": "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44",\n  "weight": 99,\n  …\n}\n```\n'
    )
    assert project.findings(post + good) == []
    finding = project.finding(post + good.replace("201 Created", "200 OK").replace("Location", "Place"))
    assert finding.code == "example-differs"
    assert "-200 OK" in finding.detail
    assert "+201 Created" in finding.detail
    assert "+(Place is absent)" in finding.detail


def test_an_id_shown_earlier_may_be_used_in_a_request(project: Project) -> None:
    page = (
        '```http\nPOST /parcels\n\n{"to": "Ada"}\n```\n'
        '```{.json .output}\n{\n  "id": "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44",\n  …\n}\n```\n'
        "```http\nGET /parcels/0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44\n```\n"
    )
    assert project.findings(page) == []


def test_an_answer_that_is_an_error_must_be_documented(project: Project) -> None:
    assert "status 404, not 2xx" in project.finding("```http\nGET /nowhere\n```\n").message
    assert project.findings("```{.http status=404}\nGET /nowhere\n```\n") == []


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("FETCH it", 2, "is no request line"),
        ("GET /parcels\nno header", 3, "is no header"),
        ("GET /parcels/$PARCEL", 2, r"variable $PARCEL is not set"),
    ],
)
def test_a_request_that_cannot_be_sent(project: Project, source: str, line: int, words: str) -> None:
    finding = project.finding(f"```http\n{source}\n```\n")
    assert (finding.line, finding.code) == (line, "block-invalid")
    assert words in finding.message


@pytest.mark.parametrize(
    ("block", "codes"),
    [
        ("```json\n{}\n```\n", []),
        ("```json\n{\n  oops\n}\n```\n", [(3, "block-invalid")]),
        ('```{.json schema=Parcel}\n{"id": 1, "to": "Ada"}\n```\n', []),
        ('```{.json schema=Parcel}\n{"id": 1, "to": ""}\n```\n', [(1, "schema-mismatch")]),
        ('```{.json schema=Parsel}\n{"id": 1}\n```\n', [(1, "schema-unknown")]),
        ("```yaml\na: !tag [1, 2]\n---\nb: 1\n```\n", []),
        ("```yaml\na: 1\nb: [\n```\n", [(3, "block-invalid")]),
        ("```toml\na = 1\n```\n", []),
        ("```toml\na = 1\nb =\n```\n", [(3, "block-invalid")]),
        ("```ini\n[Unit]\nAfter=a\nAfter=b%i\nalone\n```\n", []),
        ("```ini\n[Unit\n```\n", [(2, "block-invalid")]),
        ("```nginx\nlisten 80;\n```\n", [(1, "block-unverified")]),
        ("```\nplain\n```\n", [(1, "block-unverified")]),
        ('```{.text .literal reason="an idea"}\nplain\n```\n', []),
        ("```{.text .literal}\nplain\n```\n", [(1, "literal-unexplained")]),
        ("```{.text .output}\nplain\n```\n", [(1, "output-orphan")]),
        ('```{.bash exit="one"}\ntrue\n```\n', [(1, "block-attribute")]),
        ('```{.bash normalise="everything"}\ntrue\n```\n', [(1, "block-attribute")]),
        ('```{.bash expect="1"}\ntrue\n```\n', [(1, "block-attribute")]),
        ('```bash title="Do it" hl_lines="1"\ntrue\n```\n', []),
    ],
)
def test_blocks_that_are_not_run(project: Project, block: str, codes: list[tuple[int, str]]) -> None:
    assert project.findings(block) == codes


def test_other_normalisers_on_request(project: Project) -> None:
    block = "```bash\necho 12 rows\n```\n```{.text .output%s}\n99 rows\n```\n"
    assert project.findings(block % ' normalise="integer"') == []
    assert project.findings(block % "") == [(4, "example-differs")]
    assert project.findings("---\ntrueup: {normalise: [integer]}\n---\n" + block % "") == []


def test_a_scenario_prepares_the_page(project: Project) -> None:
    scenario = project.root / "scenarios" / "posted.sh"
    scenario.write_text(
        'export FIRST=$(curl -sf -d \'{"to": "Ada"}\' "$BASE_URL/parcels" | jq -r .id)\n', encoding="utf-8"
    )
    page = "---\ntrueup:\n  scenario: posted\n---\n```http\nGET /parcels/$FIRST\n```\n```bash\n[ -n $FIRST ]\n```\n"
    assert project.findings(page) == []
    unknown = project.finding(page.replace("posted", "pasted"))
    assert str(unknown) == "docs/x.md:1: unknown scenario pasted; there are: posted [scenario-unknown]"
    scenario.write_text("echo no stamps; false", encoding="utf-8")
    failed = project.finding(page)
    assert (failed.code, failed.detail) == ("scenario-failed", "no stamps\n")


def test_a_page_may_set_up_its_own_service(project: Project) -> None:
    front = "---\ntrueup: {service: {env: {COLOUR: green}}}\n---\n"
    assert (
        project.findings(front + '```http\nGET /env/COLOUR\n```\n```{.json .output}\n{"COLOUR": "green"}\n```\n') == []
    )
    assert project.findings("```bash\nprintenv | grep -q COLOUR && false || true\n```\n") == []


def test_wrong_front_matter_is_named(project: Project) -> None:
    finding = project.finding("---\ntrueup: {service: {environment: {}}}\n---\nx\n")
    assert finding.code == "front-matter-invalid"
    assert "environment" in finding.message


def test_pages_do_not_see_each_other(project: Project) -> None:
    post = """curl -sd '{"to": "Ada"}' "$BASE_URL/parcels" >parcel"""
    count = """curl -s "$BASE_URL/parcels" | jq .total"""
    for name in "abcd":
        text = f"```bash\n{post}\n{count}\nls\n```\n```{{.text .output}}\n1\nparcel\n```\n\n{name}\n"
        project.page(text, f"{name}.md")
    result = project.run()
    assert result.findings == ()
    assert sum(result.per_page.values()) == 4


def test_pages_that_need_no_service_start_none(project: Project) -> None:
    project.settings["service"] = {"command": "no-such-service"}
    assert project.findings("```bash\necho $((6 * 7))\n```\n") == []
    finding = project.finding('text\n\n```bash\ncurl -s "$BASE_URL"\n```\n')
    assert (finding.line, finding.code) == (3, "service-failed")


def test_a_service_that_does_not_start_is_one_finding_with_its_log(project: Project) -> None:
    project.settings["service"] = {"command": f"{PARCELS} --broken", "depends": ["code.py"]}
    finding = project.finding("```http\nGET /parcels\n```\n\n```http\nGET /parcels\n```\n")
    assert finding.code == "service-failed"
    assert "the shelf fell down" in finding.detail


# Hostile pages: one finding each, in time, and nothing left running (the fixture looks).


@pytest.mark.parametrize(
    ("code", "code_of_finding", "words"),
    [
        ("while true; do :; done", "example-timeout", "did not end within 1 s"),
        ("sleep 60", "example-timeout", "did not end within 1 s"),
        ("sleep 60 | cat", "example-timeout", "did not end within 1 s"),
        ("yes", "example-flood", "printed more than 1 MB"),
        ("head -c 100000000 /dev/zero", "example-flood", "printed more than 1 MB"),
        ("exit 7", "example-died", "(status 7)"),
        ("set -e; false", "example-died", "(status 1)"),
        ("kill -9 $$", "example-died", "(status 137)"),
        ("kill -9 0", "example-died", "ended the process"),
        ('rm -rf "$HOME"', "example-scratch", "deleted the scratch folder"),
        (
            'curl -s "$BASE_URL/ready"; pkill -9 -f "parcels.py $PORT "; while curl -s "$BASE_URL/ready"; do :; done',
            "service-died",
            "status -9",
        ),
        ("if true; then", "example-failed", "status 2"),
        ("cat; read x", "example-failed", "status 1"),
    ],
)
def test_hostile_shell_code(project: Project, code: str, code_of_finding: str, words: str) -> None:
    project.settings["timeouts"] = {"block": 1, "page": 20, "start": 10, "stop": 1}
    finding = project.finding(f"```bash\n{code}\n```\n\n```bash\necho later\n```\n")
    assert finding.code == code_of_finding
    assert words in finding.message
    assert finding.message.endswith("; the 1 examples after it were not run")


@pytest.mark.parametrize(
    "code",
    [
        "kill $PPID",
        "sleep 600 &",
        "setsid nohup sleep 600 >/dev/null 2>&1 & disown",
        "(cd / && setsid sleep 600 &)",
        "exec >/dev/null",
        "unset HOME PATH; readonly x=1",
        "trap - ERR; set +E +o pipefail",
        "env() { false; }; printf() { false; }; source() { false; }",
    ],
)
def test_odd_shell_code_that_does_no_harm(project: Project, code: str) -> None:
    page = f"```bash\n{code}\n```\n\n```bash\n/bin/echo later\n```\n\n```{{.text .output}}\nlater\n```\n"
    assert project.findings(page) == []


@pytest.mark.parametrize(
    ("code", "code_of_finding"),
    [
        ("while True: pass", "example-timeout"),
        ("print('x' * 10**8)", "example-flood"),
        ("import os; os._exit(3)", "example-died"),
        ("import os; os.kill(os.getpid(), 9)", "example-died"),
        ("import sys; sys.exit(3)", "example-failed"),
        ("def f(: pass", "example-failed"),
        ("import shutil, os; shutil.rmtree(os.getcwd())", "example-scratch"),
        ("import ctypes; ctypes.string_at(0)", "example-died"),
        (">>> while True: pass", "example-timeout"),
        (">>> x = \n", "example-differs"),
    ],
)
def test_hostile_python_code(project: Project, code: str, code_of_finding: str) -> None:
    project.settings["timeouts"] = {"block": 1, "page": 20, "start": 10, "stop": 1}
    assert project.finding(f"```python\n{code}\n```\n").code == code_of_finding


def test_a_response_without_end(project: Project) -> None:
    assert project.findings("```http\nGET /flood\n```\n") == [(1, "example-flood")]


def test_a_page_that_takes_too_long_in_all(project: Project) -> None:
    project.settings["timeouts"] = {"block": 5, "page": 0.5, "start": 10, "stop": 1}
    finding = project.finding("```bash\nsleep 0.4\n```\n" * 5)
    assert finding.code == "example-timeout"


def test_output_that_is_no_utf8(project: Project) -> None:
    assert (
        project.findings(r"```bash" "\n" r"printf 'a\xffb\0c\n'" "\n```\n```{.text .output}\na\ufffdb\0c\n```\n") == []
    )


def test_the_project_is_not_touched(project: Project) -> None:
    project.page("")
    before = sorted(path.relative_to(project.root) for path in project.root.rglob("*"))
    project.findings("```bash\ntouch a; mkdir b\n```\n```python\nopen('c', 'w').close()\n```\n")
    assert sorted(path.relative_to(project.root) for path in project.root.rglob("*")) == before


PROGRAM = """
import sys
from pathlib import Path
from trueup.config import load
from trueup.examples.run import run_pages
from trueup.pages import read_pages
root = Path(sys.argv[1])
run_pages(load(root), read_pages(root, Path("docs")), root=root, write=False, jobs=2)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_at_once_and_leaves_nothing(project: Project, number: signal.Signals) -> None:
    fifo = project.root / "fifo"
    os.mkfifo(fifo)
    (project.root / "pyproject.toml").write_text(
        f"[tool.trueup.service]\ncommand = {PARCELS + ' --linger'!r}\nready = '/ready'\ndepends = ['code.py']\n",
        encoding="utf-8",
    )
    for name in "abcd":
        project.page(f'```bash\ncurl -s "$BASE_URL/parcels"\necho {name} >{fifo}\nsleep 600\n```\n', f"{name}.md")
    running = subprocess.Popen([sys.executable, "-c", PROGRAM, str(project.root)], stderr=subprocess.DEVNULL)
    with fifo.open() as said:
        assert said.readline().strip() in "abcd"
    running.send_signal(number)
    assert running.wait(timeout=20) != 0
    mark = f"trueup-{running.pid}-"
    assert [process for process in psutil.process_iter() if _marked(process, mark)] == []
    assert not list(Path(tempfile.gettempdir()).glob(f"{mark}*"))


# Writing.


def test_writing_takes_over_what_differs_and_leaves_the_rest(project: Project) -> None:
    text = """# T

> ```bash
> curl -s -d '{"to": "Ada"}' "$BASE_URL/parcels"
> ```
>
> ```{.json .output volatile="weight"}
> {
>   "id": "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44",
>   "to": "Bob",
>   "weight": 99,
>   …
> }
> ```

```bash
echo "see $BASE_URL/parcels"
```

```{.text .output}
old
```

```bash
date -u +%FT%TZ
```

```{.text .output}
2026-02-11T09:30:00Z
```

```console
$ echo 1
2
```
"""
    project.page(text)
    result = project.run(write=True)
    assert result.findings == ()
    assert result.written == ("docs/x.md",)
    expected = text.replace('"Bob"', '"Ada"').replace("old", "see http://127.0.0.1:8000/parcels")
    assert project.read() == expected.replace("echo 1\n2", "echo 1\n1")
    assert project.run().findings == ()
    assert project.run(write=True).written == ()


def test_writing_fills_an_empty_output(project: Project) -> None:
    project.page(
        "```http\nGET /parcels\n```\n```{.http .output}\n```\n"
        "```bash\necho a; echo; echo b\n```\n```{.text .output}\n```\n"
    )
    project.run(write=True)
    assert project.read() == (
        "```http\nGET /parcels\n```\n```{.http .output}\nHTTP/1.1 200 OK\nContent-Type: application/json\n\n"
        '{\n  "items": [],\n  "total": 0\n}\n```\n```bash\necho a; echo; echo b\n```\n```{.text .output}\na\n\nb\n```\n'
    )
    assert project.run().findings == ()


def test_an_empty_output_is_a_difference_that_writing_mends(project: Project) -> None:
    page = "```http\nGET /parcels\n```\n```{.json .output}\n```\n"
    finding = project.finding(page)
    assert (finding.line, finding.code) == (4, "example-differs")
    assert '+{"items": [], "total": 0}' in finding.detail
    project.run(write=True)
    assert '  "items": [],\n' in project.read()


def test_writing_does_not_hide_a_failure(project: Project) -> None:
    project.page("```bash\nfalse\n```\n```{.text .output}\nx\n```\n")
    result = project.run(write=True)
    assert [finding.code for finding in result.findings] == ["example-failed"]
    assert project.read().endswith("x\n```\n")


def test_line_ends_survive_writing(project: Project) -> None:
    (project.root / "docs" / "x.md").write_bytes(b"```bash\r\necho a\r\n```\r\n```{.text .output}\r\nb\r\n```\r\n")
    project.run(write=True)
    assert (project.root / "docs" / "x.md").read_bytes() == (
        b"```bash\r\necho a\r\n```\r\n```{.text .output}\r\na\r\n```\r\n"
    )


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
