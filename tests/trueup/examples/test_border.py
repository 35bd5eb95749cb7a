"""The working tree is left alone, whatever a block does."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from trueup.examples import landlock
from trueup.examples.border import Border

from tests.trueup.examples.stories import Project

needs_landlock = pytest.mark.skipif(not landlock.usable(), reason="the kernel has no Landlock, version 2 or later")


@pytest.fixture
def elsewhere() -> Iterator[Project]:
    """A project that is not where temporary files go, so that the kernel can guard it."""
    base = next(folder for folder in ("/dev/shm", "/var/tmp") if os.access(folder, os.W_OK))
    root = Path(tempfile.mkdtemp(prefix="project-", dir=base))
    yield Project(root)
    shutil.rmtree(root)


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@needs_landlock
@pytest.mark.parametrize(
    "code",
    [
        "rm -rf {root}/* {root}/.??*",
        "echo x >{root}/code.py",
        "touch {root}/new",
        "mv {root}/code.py .",
        "ln -s {root} here && rm -r here/docs",
        "truncate -s 0 {root}/code.py",
        "setsid --wait rm -rf {root}/docs",
        "python3 -c 'import shutil; shutil.rmtree(\"{root}/docs\")'",
    ],
)
def test_the_kernel_refuses_what_would_change_the_project(elsewhere: Project, code: str) -> None:
    elsewhere.page("```bash\n" + code.format(root=elsewhere.root) + "\n```\n")
    before = content(elsewhere.root)
    (finding,) = elsewhere.run().findings
    assert (finding.line, finding.code) == (1, "example-failed")
    assert "Permission denied" in finding.detail
    assert content(elsewhere.root).items() >= before.items()


@needs_landlock
def test_python_is_refused_too_and_the_rest_works_as_ever(elsewhere: Project) -> None:
    assert elsewhere.findings(f"```python\nopen('{elsewhere.root}/new', 'w')\n```\n") == [(1, "example-failed")]
    free = 'f=$(mktemp); echo a >"$f"; mkdir -p a b; mv "$f" a/f; mv a/f b/f; cat b/f; echo >/dev/null'
    page = f"```bash\n{free}; cp -r {elsewhere.root}/docs .\n```\n\n```{{.text .output}}\na\n```\n"
    assert elsewhere.findings(page + "\n```http\nGET /parcels\n```\n") == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("rm -r {root}/openapi.json", "openapi.json is gone"),
        ("rm -r {root}/docs/z.md", "docs/z.md is gone"),
        ("echo x >{root}/code.py", "code.py is different"),
        ("touch {root}/a {root}/b {root}/c {root}/d", "a is new, b is new, c is new and 1 more"),
    ],
)
def test_without_the_kernels_help_it_is_found_out(project: Project, code: str, words: str) -> None:
    project.page("# Z\n", "z.md")
    page = "```bash\ntrue\n```\n```bash\n" + code.format(root=project.root) + "\n```\n```bash\necho later\n```\n"
    finding = project.finding(page)
    assert (finding.line, finding.code) == (4, "example-trespassed")
    assert finding.message.startswith(f"the project was changed while the block ran: {words}; 1 example after it")


def test_what_may_change_meanwhile(project: Project) -> None:
    environment = project.root / "env"
    (environment / "lib").mkdir(parents=True)
    (environment / "pyvenv.cfg").touch()
    (project.root / ".cache").mkdir()
    page = "```bash\necho '# X' >{root}/docs/y.md; touch {root}/env/lib/x {root}/.cache/x\n```\n"
    project.page("# Y\n", "y.md")
    assert project.findings(page.replace("{root}", str(project.root))) == []


def test_the_kernel_does_not_guard_a_project_among_temporary_files(tmp_path: Path) -> None:
    assert not Border(Path(tempfile.gettempdir()) / "x" / "y", []).locked
    assert Border(tmp_path, [], locked=True).guard[-2:] == [str(tmp_path), ""]
