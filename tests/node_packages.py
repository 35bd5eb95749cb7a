"""Node's packages, installed once for each lock file into the project's cache."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

CACHE = Path(__file__).parents[1] / ".cache" / "node"


def installed(folder: Path) -> Path:
    """A folder with the packages that the lock file of ``folder`` names, and with the scripts of ``folder``."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        absent("node and npm are not installed")
    files = sorted([*folder.glob("package*.json"), *folder.glob("*.mjs")])
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    found = CACHE / digest
    if not found.exists():
        partial = CACHE / f"{digest}-{os.getpid()}"
        partial.mkdir(parents=True)
        for file in files:
            shutil.copy(file, partial)
        command = [npm, "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        result = subprocess.run(command, cwd=partial, capture_output=True, text=True, timeout=100)
        if result.returncode:
            shutil.rmtree(partial)
            absent(f"npm ci has failed: {result.stderr[-500:]}")
        if found.exists():
            # Another process was quicker.
            shutil.rmtree(partial)
        else:
            partial.rename(found)
    return found


def absent(reason: str) -> NoReturn:
    """Leave the test out for a user, and let it fail in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
