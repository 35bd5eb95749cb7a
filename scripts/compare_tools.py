"""Holds other tools against mutants of `trueup mutate`, side by side in one run, and writes docs/compared.json.

    uv run --group compare python scripts/compare_tools.py

Of every sort of mutant there is one (of all that rename something, of all that remove something, of each falsehood of a
page), in an order that chance decides; when the time is over, no further one is begun. So each tool is asked about the
same ones. Every tool runs at its best settings, and gets the benefit of the doubt: whatever it reports of a mutant that
it did not report of the clean tree counts as caught. trueup counts only when it reports the finding that the mutant
names.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from junitparser import JUnitXml
from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "compared.json"

#: Seconds that one tool may take for one mutant.
LIMIT = 400

#: What counts as a report of a mutant, and on the clean tree as a broken tool.
_ERROR, _DEAD = "it ends with an error", "the service does not start"
_BROKEN = frozenset({_ERROR, _DEAD, "WARNING the tool did not end in time"})

#: What a tool reports about a tree, as texts that can be compared.
Reported = frozenset[str]


@dataclass(frozen=True)
class Row:
    """What came of one tool: mutants caught and made by side, harmless edits reported, and seconds for one mutant."""

    key: str
    title: str
    code: int
    docs: int
    alarms: int
    seconds: float
    summary: str


@dataclass(frozen=True)
class Tool:
    """A tool and how it is run; ``sides`` are those it can see at all."""

    key: str
    title: str
    summary: str
    run: Callable[[Path, Path], Reported]
    sides: frozenset[str] = frozenset({"code", "docs", "harmless"})


# -- the tools


def mkdocs(tree: Path, scratch: Path) -> Reported:
    """Build the site strictly; what our own extension says is left out."""
    site = scratch / "site"
    done = _call(["mkdocs", "build", "--strict", "--site-dir", str(site)], tree)
    ours = re.compile(r"\[[a-z]+-[a-z-]+\]$")
    lines = (line.strip() for line in done.stderr.splitlines())
    kept = {line for line in lines if line.startswith(("WARNING", "ERROR")) and not ours.search(line)}
    crashed = {"it ends with a traceback"} if "Traceback" in done.stderr else set()
    return frozenset(re.sub(r"\d+(\.\d+)? seconds|Aborted with \d+ .*", "", line) for line in kept | crashed)


def linkchecker(tree: Path, scratch: Path) -> Reported:
    """Build the site and crawl it from a server."""
    site = scratch / "site"
    _call(["mkdocs", "build", "--quiet", "--site-dir", str(site)], tree)
    for path in (scratch, site, *site.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)  # as root, LinkChecker drops to a user without rights
    port = _free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(site)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until(lambda: httpx.get(f"http://127.0.0.1:{port}/").is_success)
        done = _call(["linkchecker", "--no-status", "-o", "csv", f"http://127.0.0.1:{port}/"], tree)
    finally:
        server.terminate()
        server.wait(10)
    rows = (line.split(";") for line in done.stdout.splitlines() if ";" in line and not line.startswith("#"))
    return frozenset(" ".join(row[:2]).replace(str(port), "") for row in rows)


def schemathesis(tree: Path, scratch: Path) -> Reported:
    """Test the live service of the tree against the committed OpenAPI document."""
    with _service(tree, scratch) as (address, token):
        if not token:
            return frozenset({_DEAD})
        junit = scratch / "schemathesis.xml"
        # The document as it was committed: a mutant may have changed the code only.
        _call(
            [
                "schemathesis", "run", str(ROOT / "docs/reference/openapi.json"), "--url", address,
                "--header", f"Authorization: Bearer {token}", "--phases", "examples,coverage",
                "--max-examples", "2", "--seed", "1", "--workers", "2", "--continue-on-failure",
                "--report", "junit", "--report-junit-path", str(junit),
            ],
            tree,
        )  # fmt: skip
        return _failing(junit)


def pytest_examples(tree: Path, scratch: Path) -> Reported:
    """Run every Python block of the pages."""
    (tree / "run_examples.py").write_text(_RUNNER)
    junit = scratch / "examples.xml"
    _call(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tree),
            "--timeout", "30", "--junitxml", str(junit), "run_examples.py",
        ],
        tree,
        DATA_DIR=str(scratch / "data"),
    )  # fmt: skip
    return frozenset(failure.partition(" ")[0] for failure in _failing(junit))


_RUNNER = """
from collections import Counter
import pytest
from pytest_examples import find_examples

seen = Counter()
examples = []
for example in find_examples("docs"):
    if example.prefix.split("{")[0].strip() in {"python", "py"}:
        seen[str(example.path)] += 1
        examples.append(pytest.param(example, id=f"{example.path.stem}-{seen[str(example.path)]}"))

@pytest.mark.parametrize("example", examples)
def test(example, eval_example):
    eval_example.run(example)
"""


def claimlint(tree: Path, _scratch: Path) -> Reported:
    """Compare the claims of the pages with the source."""
    done = _call(["claimlint", "check", ".", "--format", "json", "--introspect-cli"], tree)
    if not done.stdout.startswith("{"):
        return frozenset({_ERROR})
    found = json.loads(done.stdout).get("findings", [])
    return frozenset(f"{entry.get('document') or entry.get('path')} {entry.get('message')}" for entry in found)


TOOLS = (
    Tool("mkdocs", "mkdocs --strict, mkdocstrings", "Builds the site; every warning counts.", mkdocs),
    Tool(
        "schemathesis", "schemathesis", "The live service against the committed OpenAPI document.", schemathesis,
        frozenset({"code"}),
    ),
    Tool("linkchecker", "LinkChecker", "Crawls the built site.", linkchecker, frozenset({"docs", "harmless"})),
    Tool("pytest-examples", "pytest-examples", "Runs the Python blocks of all pages.", pytest_examples),
    Tool("claimlint", "claimlint", "Compares what Markdown claims with the source.", claimlint),
)  # fmt: skip


# -- how they are run


def _call(command: list[str], tree: Path, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ, "PYTHONPATH": f"{tree}:{tree / 'scripts'}", "NO_MKDOCS_2_WARNING": "1", "NO_COLOR": "1",
        "COLUMNS": "1000", "PYTHONDONTWRITEBYTECODE": "1", **env,
    }  # fmt: skip
    try:
        return subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", "WARNING the tool did not end in time")


class _service:  # noqa: N801 (used as a with-block only)
    """The service of a tree on data of its own. Gives its address and an admin's token; none when it does not start."""

    def __init__(self, tree: Path, scratch: Path) -> None:
        self._port = _free_port()
        self._address = f"http://127.0.0.1:{self._port}"
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", str(self._port)],
            cwd=tree,
            env={
                **os.environ,
                "PYTHONPATH": str(tree),
                "DATA_DIR": str(scratch / "data"),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> tuple[str, str]:
        user = {"name": "ada", "password": "correct horse battery"}
        try:
            _until(lambda: httpx.get(f"{self._address}/api/health/live").is_success or self._process.poll() is not None)
            httpx.post(f"{self._address}/api/v1/setup", json=user)
            answer = httpx.post(f"{self._address}/api/v1/auth/login", json=user).json()
        except (httpx.HTTPError, TimeoutError, ValueError):
            return self._address, ""
        return self._address, str(answer.get("access_token", ""))

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _failing(junit: Path) -> Reported:
    if not junit.is_file() or not junit.stat().st_size:
        return frozenset({_ERROR})
    return frozenset(
        f"{case.name} {(result.message or result.text or '').strip().splitlines()[:1]}"
        for suite in JUnitXml.fromfile(str(junit))
        for case in suite
        for result in case.result
        if type(result).__name__ in {"Failure", "Error"}
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError


# -- the run

_SIDES = ("code", "docs", "harmless")


@dataclass(frozen=True)
class Answer:
    """What a tool made of one mutant, and how long it took."""

    caught: bool
    seconds: float


class Comparison:
    """Every tool on one mutant of every sort, until the time is over."""

    def __init__(self, folder: Path, jobs: int, seconds: float) -> None:
        self._folder, self._jobs, self._seconds = folder, jobs, seconds
        self._deadline = 0.0
        self._clean = folder / "clean"

    def run(self) -> tuple[list[Row], dict[str, Any]]:
        """A row for each tool, and what the run was made of."""
        _copy_of_project(self._clean)
        mutants = one_of_each_sort(_exported(self._folder / "mutants"))
        with ThreadPoolExecutor(self._jobs) as pool:
            before = dict(zip(TOOLS, pool.map(self._before, TOOLS), strict=True))
            self._deadline = time.monotonic() + self._seconds
            tried = pool.map(lambda mutant: self._tried(mutant, before), mutants)
            found = [
                (mutant, answers)
                for mutant, answers in track(zip(mutants, tried, strict=True), "mutants", total=len(mutants))
                if answers is not None
            ]
        if not found:
            raise SystemExit("the time was over before the first mutant was tried; give more --seconds")
        fates = _fates([mutant["class"] for mutant, _ in found])
        # Mutants that are no valid programs say nothing; trueup leaves them out, and so does everybody here.
        valid = [(mutant, answers) for mutant, answers in found if _id(mutant) in fates.outcomes]
        made = {side: sum(mutant["side"] == side for mutant, _ in valid) for side in _SIDES}
        rows = [
            _row(tool, [(mutant["side"], answers[tool]) for mutant, answers in valid if tool in answers])
            for tool in TOOLS
        ]
        taken = {**made, "sorts": len(mutants), "date": datetime.now(UTC).date().isoformat(), "commit": _commit()}
        return [*rows, fates.row([mutant for mutant, _ in valid])], taken

    def _before(self, tool: Tool) -> Reported:
        found = _report(tool, self._clean, self._folder / "scratch" / tool.key / "clean")
        if _BROKEN & found:
            raise SystemExit(f"{tool.title} does not work on the clean tree, so it can be compared with nothing")
        return found

    def _tried(self, mutant: dict[str, Any], before: Mapping[Tool, Reported]) -> dict[Tool, Answer] | None:
        """What each tool says of a mutant; none when the time is over before it is begun."""
        if time.monotonic() > self._deadline:
            return None
        tools = [tool for tool in TOOLS if mutant["side"] in tool.sides]
        return {tool: self._answer(tool, mutant, before[tool]) for tool in tools}

    def _answer(self, tool: Tool, mutant: dict[str, Any], before: Reported) -> Answer:
        place = self._folder / "trees" / tool.key / mutant["patch"]
        shutil.copytree(self._clean, place, symlinks=True)
        subprocess.run(["git", "apply", str(self._folder / "mutants" / mutant["patch"])], cwd=place, check=True)
        started = time.perf_counter()
        try:
            found = _report(tool, place, self._folder / "scratch" / tool.key / mutant["patch"])
            return Answer(bool(found - before), time.perf_counter() - started)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def one_of_each_sort(mutants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One mutant of each sort, by chance but always the same; the sides take turns, so that any first part is fair."""
    drawn = sorted(mutants, key=lambda mutant: hashlib.sha256(repr(_id(mutant)).encode()).digest())
    queues: dict[str, list[dict[str, Any]]] = {side: [] for side in _SIDES}
    met: set[tuple[str, str]] = set()
    for mutant in drawn:
        # Of code the sort is what is done: all that is renamed, removed, changed. Of pages each class is one.
        sort = mutant["class"].split()[-1] if mutant["side"] == "code" else mutant["class"]
        if (mutant["side"], sort) not in met:
            met.add((mutant["side"], sort))
            queues[mutant["side"]].append(mutant)
    ordered = []
    while any(queues.values()):
        for side, number in (("code", 1), ("docs", 2), ("harmless", 1)):
            ordered += queues[side][:number]
            del queues[side][:number]
    return ordered


def _exported(folder: Path) -> list[dict[str, Any]]:
    subprocess.run(["trueup", "mutate", "--export", str(folder), "--each", "1"], cwd=ROOT, check=True)
    listed: list[dict[str, Any]] = json.loads((folder / "mutants.json").read_text())
    return listed


def _id(mutant: Mapping[str, Any]) -> tuple[str, str, str]:
    return mutant["class"], mutant["mutant"], mutant["place"]


def _row(tool: Tool, answers: list[tuple[str, Answer]]) -> Row:
    hits = Counter(side for side, answer in answers if answer.caught)
    seconds = round(sum(answer.seconds for _, answer in answers) / max(len(answers), 1), 1)
    return Row(tool.key, tool.title, hits["code"], hits["docs"], hits["harmless"], seconds, tool.summary)


def _report(tool: Tool, tree: Path, scratch: Path) -> Reported:
    scratch.mkdir(parents=True)
    scratch.chmod(0o755)
    try:
        return frozenset(text.replace(str(tree), "").replace(str(scratch), "") for text in tool.run(tree, scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True)
class Fates:
    """What trueup made of mutants, by their ids, and the seconds that each took."""

    outcomes: Mapping[tuple[str, str, str], str]
    seconds: float

    def row(self, mutants: list[dict[str, Any]]) -> Row:
        """The row of trueup over these mutants."""
        found = Counter((mutant["side"], self.outcomes[_id(mutant)]) for mutant in mutants)
        code, docs, alarms = found["code", "killed"], found["docs", "killed"], found["harmless", "alarm"]
        summary = "Only the finding that the mutant names counts."
        return Row("trueup", "trueup", code, docs, alarms, round(self.seconds, 1), summary)


def _fates(classes: list[str]) -> Fates:
    """What trueup makes of the same mutants: the first of each class, as they were exported."""
    only = [word for name in sorted(set(classes)) for word in ("--only", name)]
    command = ["trueup", "mutate", "--format", "json", "--each", "1", *only]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    document = json.loads(done.stdout)
    judged = document["mutants"]
    each = document["totals"]["cpu"] / max(len(judged), 1)
    return Fates({_id(mutant): mutant["fate"] for mutant in judged}, each)


def _copy_of_project(target: Path) -> None:
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, files):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    target.chmod(0o755)


def _commit() -> str:
    return subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def main() -> None:
    """Run the comparison, print it, and write it where the page finds it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=900, help="after these, no further mutant is begun")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at the same time")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="compare-") as name:
        Path(name).chmod(0o755)
        rows, taken = Comparison(Path(name), options.jobs, options.seconds).run()
    TARGET.write_text(json.dumps({"taken": taken, "tools": [asdict(row) for row in rows]}, indent=2) + "\n")
    table = Table("Tool", f"of {taken['code']} in code", f"of {taken['docs']} in pages", "false alarms", "s each")
    for row in rows:
        table.add_row(row.title, str(row.code), str(row.docs), str(row.alarms), str(row.seconds))
    Console().print(table)


if __name__ == "__main__":
    main()
