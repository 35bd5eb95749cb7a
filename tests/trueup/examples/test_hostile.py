"""Hostile pages: one finding each, in time, and nothing left running (the fixture looks)."""

import pytest

from tests.trueup.examples.stories import Project


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
        ('rm -rf ~ "$PWD" ..', "example-scratch", "deleted the scratch folder"),
        ('rm -rf "$(dirname "$PWD")"', "example-scratch", "deleted the scratch folder"),
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
    assert finding.message.endswith("; 1 example after it not run")


@pytest.mark.parametrize(
    "code",
    [
        "kill $PPID",
        "sleep 600 &",
        "python3 -m http.server 0 --bind 127.0.0.1 >/dev/null 2>&1 &",
        "setsid python3 -c 'import socket, time; socket.create_server((\"127.0.0.1\", 0)); time.sleep(600)' & disown",
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


def test_the_project_is_not_touched(project: Project) -> None:
    project.page("")
    before = sorted(path.relative_to(project.root) for path in project.root.rglob("*"))
    project.findings("```bash\ntouch a; mkdir b\n```\n```python\nopen('c', 'w').close()\n```\n")
    assert sorted(path.relative_to(project.root) for path in project.root.rglob("*")) == before
