"""A documentation project whose pages are played against a small live service."""

import os
import sys
from pathlib import Path
from typing import Any

import psutil
from trueup.config import Config
from trueup.examples.run import RunResult, run_pages
from trueup.findings import Finding
from trueup.pages import read_pages
from trueup.processes import MARK

PARCELS = f"{sys.executable} {Path(__file__).parent.with_name('parcels.py')} {{port}} {{data}}"
DOCUMENT = """{"components": {"schemas": {
  "Parcel": {"type": "object", "required": ["id", "to"], "properties": {"to": {"$ref": "#/components/schemas/Name"}}},
  "Name": {"type": "string", "minLength": 1}}}}"""


class Project:
    """A documentation project below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "docs").mkdir()
        (root / "scenarios").mkdir()
        (root / "failures").mkdir()
        (root / "code.py").write_text("", encoding="utf-8")
        (root / "openapi.json").write_text(DOCUMENT, encoding="utf-8")
        self.settings: dict[str, Any] = {
            "openapi": "openapi.json",
            "scenarios": "scenarios",
            "failures": "failures",
            "timeouts": {"block": 5, "page": 20, "start": 10, "stop": 1},
            "service": {"command": PARCELS, "ready": "/ready", "depends": ["code.py"]},
        }

    def page(self, text: str, name: str = "x.md") -> None:
        (self.root / "docs" / name).write_text(text, encoding="utf-8")

    def read(self, name: str = "x.md") -> str:
        return (self.root / "docs" / name).read_text(encoding="utf-8")

    def failure(self, name: str, script: str) -> None:
        (self.root / "failures" / f"{name}.sh").write_text(f"# The {name}.\n{script}\n", encoding="utf-8")

    def run(self, *lines: int, write: bool = False, jobs: int = 2) -> RunResult:
        """Run all pages; with `lines`, what those lines of `x.md` need."""
        config = Config.model_validate(self.settings)
        pages = read_pages(self.root, Path("docs"))
        only = {"docs/x.md": lines} if lines else None
        return run_pages(config, pages, root=self.root, write=write, jobs=jobs, lines=only)

    def findings(self, text: str) -> list[tuple[int, str]]:
        self.page(text)
        return [(finding.line, finding.code) for finding in self.run().findings]

    def finding(self, text: str) -> Finding:
        self.page(text)
        (finding,) = self.run().findings
        return finding


def marked(process: psutil.Process, mark: str = f"trueup-{os.getpid()}-") -> bool:
    """Whether a process belongs to a run of this process, or of the one in `mark`."""
    try:
        return mark in process.environ().get(MARK, "")
    except (psutil.Error, OSError):
        return False
