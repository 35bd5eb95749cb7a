"""Node's packages, installed once for each lock file into the project's cache."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "interop"


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """A folder with the scripts of this folder and with the packages that they need."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        absent("node and npm are not installed")
    files = sorted([*HERE.glob("package*.json"), *HERE.glob("*.mjs")])
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = CACHE / digest
    if not folder.exists():
        partial = CACHE / f"{digest}-{os.getpid()}"
        partial.mkdir(parents=True)
        for file in files:
            shutil.copy(file, partial)
        command = [npm, "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        result = subprocess.run(command, cwd=partial, capture_output=True, text=True, timeout=100)
        if result.returncode:
            shutil.rmtree(partial)
            absent(f"npm ci has failed: {result.stderr[-500:]}")
        if folder.exists():
            # Another process was quicker.
            shutil.rmtree(partial)
        else:
            partial.rename(folder)
    return folder


def absent(reason: str) -> NoReturn:
    """Leave the test out for a user, and let it fail in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
