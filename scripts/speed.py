"""Measures how fast trueup is: on pages that it makes up, and on a copy of this project.

    uv run python scripts/speed.py

Prints a table. `scripts/figures.py` publishes the same figures. Times of a process are those of the processor, so that
what else the machine does counts little.
"""

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table
from trueup import inline, links
from trueup.extension import current
from trueup.facts import Fact, Inventory
from trueup.pages import read_pages
from trueup.resolver import Resolver
from trueup.values import Values
from trueup.vocabulary import Vocabulary

ROOT = Path(__file__).resolve().parent.parent

#: Pages of the made-up sites: the cost of a page must be the same.
SIZES = (50, 1_000)
SETTINGS = 200
PARAGRAPHS = 40

Row = tuple[str, float, str, str]
"""Key, value, unit and meaning of a figure."""


def main() -> None:
    """Measure and print."""
    table = Table("What", "Value", "Unit", box=None, pad_edge=False)
    for _, value, unit, meaning in measure():
        table.add_row(meaning, f"{value:,}", unit)
    Console().print(table)


def measure() -> Iterator[Row]:
    """All figures."""
    for size in SIZES:
        with TemporaryDirectory(prefix="speed-") as folder:
            yield _inline(Path(folder), size)
        with TemporaryDirectory(prefix="speed-") as folder:
            yield _links(Path(folder), size)
    with TemporaryDirectory(prefix="speed-") as folder:
        copy = _copy(Path(folder))
        yield from _project(copy)
        yield _overhead(copy)


def _inline(root: Path, size: int) -> Row:
    """Read made-up pages and resolve their inline code and values."""
    docs = root / "docs"
    docs.mkdir()
    for number in range(size):
        (docs / f"page{number}.md").write_text(_markdown(number, size), encoding="utf-8")
    inventory = Inventory(Fact("setting", f"SETTING_{n}", {"default": n}, "settings.py", n) for n in range(SETTINGS))
    megabytes = sum(path.stat().st_size for path in docs.iterdir()) / 1e6
    started = time.process_time()
    resolver, values = Resolver(inventory, Vocabulary()), Values(inventory)
    for page in read_pages(root, Path("docs")):
        if found := list(inline.check(page, resolver, values, set())):
            raise SystemExit(f"speed: {found[0]}")
    rate = megabytes / (time.process_time() - started)
    return f"inline.{size}", round(rate, 2), "MB/s", f"Inline code and values of {size:,} pages resolved"


def _links(root: Path, size: int) -> Row:
    """Resolve the links and anchors of made-up built pages."""
    navigation = "".join(f'<li><a href="../page{n}/">Page {n}</a></li>' for n in range(min(size, 60)))
    for number in range(size):
        body = "".join(
            f'<h2 id="part{n}">Part {n}</h2><p>Text <a href="../page{(number + n) % size}/#part{n}">to</a> it.</p>'
            for n in range(PARAGRAPHS)
        )
        page = root / f"page{number}" / "index.html"
        page.parent.mkdir()
        page.write_text(f"<html><body><nav>{navigation}</nav><main>{body}</main></body></html>", encoding="utf-8")
    started = time.process_time()
    result = links.resolve(root, root=root, docs=root / "docs")
    rate = result.pages / (time.process_time() - started)
    if result.findings or result.pages != size:
        raise SystemExit(f"speed: the made-up site has findings: {result.findings[:1]}")
    return f"links.{size}", round(rate), "pages/s", f"Links and anchors of {size:,} built pages resolved"


def _markdown(number: int, size: int) -> str:
    parts = [f"# Page {number}\n"]
    for n in range(PARAGRAPHS):
        key = f"SETTING_{(number + n) % SETTINGS}"
        parts.append(
            f"## Part {n}\n\nThe setting `{key}` is {{{{ setting.{key}.default }}}} unless `{key}={n}` says otherwise, "
            f"as [page {n}](page{(number + n) % size}.md) tells. It has been so for long, and nobody minds.\n"
        )
    return "\n".join(parts)


def _copy(folder: Path) -> Path:
    """A copy of this project as git knows it, in a repository of its own."""
    copy = folder / "project"
    copy.mkdir()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=copy, check=True)
    return copy


def _project(copy: Path) -> Iterator[Row]:
    """Check a copy of this project without examples: nothing known, nothing changed, one page changed, code changed."""
    command = [sys.executable, "-c", "from trueup.cli import main; main()", "check", "--no-examples"]
    page, code = copy / "docs" / "index.md", copy / "app" / "main.py"
    steps: list[tuple[str, str, Callable[[], object]]] = [
        ("cold", "nothing remembered", lambda: None),
        ("unchanged", "nothing changed", lambda: None),
        ("page", "one page changed", lambda: _append(page, "\nOne more line.\n")),
        ("code", "one file of the code changed", lambda: _append(code, "\n# One more line.\n")),
    ]
    for key, meaning, prepare in steps:
        prepare()
        yield f"check.{key}", _processor(command, copy), "s", f"Static checks, site and links: {meaning}"


def _overhead(copy: Path) -> Row:
    """How much longer the site takes than one whose pages are already bound."""
    bare = copy.parent / "bare"
    shutil.copytree(copy, bare, ignore=shutil.ignore_patterns(".trueup", ".git"))
    os.chdir(copy)
    bindings = current()
    for page in bindings.pages:
        front = "".join(page.text.splitlines(keepends=True)[: page.offset])
        (bare / page.path).write_text(front + bindings.render(page) + "\n", encoding="utf-8")
    configuration = (bare / "mkdocs.yml").read_text(encoding="utf-8").replace("  - trueup.extension\n", "")
    (bare / "mkdocs.yml").write_text(configuration.replace("strict: true\n", ""), encoding="utf-8")
    os.chdir(ROOT)
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
    # In turns, and the best of each: what else the machine does only ever adds.
    times = {folder: [_processor(build, folder) for _ in range(2)] for folder in (bare, copy)}
    percent = (min(times[copy]) / min(times[bare]) - 1) * 100
    return "overhead", round(percent, 1), "%", "Longer build of the site by the extension, its import included"


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _processor(command: list[str], folder: Path) -> float:
    """Seconds of the processor that a command takes, its children included. Ends the run when the command fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # The installed packages of this project are its own folders; the copy's come before them.
    places = os.pathsep.join([str(folder), str(folder / "scripts")])
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": places}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"speed: {' '.join(command)} failed:\n{result.stdout}{result.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2)


if __name__ == "__main__":
    main()
