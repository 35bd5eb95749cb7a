"""Who may import whom; the house stands only while these hold."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WEB = {"fastapi", "starlette", "uvicorn"}


def imports(path: Path) -> set[str]:
    """The dotted names that a file imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


RULES = {
    "app/jobs": ("app.queue", "app.workers", "app.api", "app.ui", "app.handlers", "app.auth"),
    "app/queue": ("app.workers", "app.api", "app.ui", "app.handlers"),
    "app/api": ("app.workers", "app.handlers"),
    "app/ui": ("app.workers", "app.handlers"),
    "app/handlers": ("app.workers", "app.queue", "app.api", "app.ui"),
    "scripts/trueup": ("app",),
    "app": ("trueup",),
}


@pytest.mark.parametrize(("folder", "forbidden"), RULES.items())
def test_a_part_imports_only_what_it_may(folder, forbidden):
    for path in modules(folder):
        for name in imports(path):
            assert not any(name == other or name.startswith(f"{other}.") for other in forbidden), f"{path}: {name}"


def test_only_the_web_parts_know_the_web_framework():
    allowed = {"api", "ui", "auth", "main.py", "lifespan.py", "cli.py", "facts"}
    for path in modules("app"):
        if path.relative_to(ROOT / "app").parts[0] not in allowed:
            assert not {name.split(".")[0] for name in imports(path)} & WEB, path
