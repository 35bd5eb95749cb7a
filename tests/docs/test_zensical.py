"""The site builds with the successor of its builder, too."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_zensical_builds_this_site_without_a_warning(tmp_path: Path):
    # A copy, for it writes a site and a cache into the folder that it runs in. It imports the code of the project.
    for name in ("mkdocs.yml", "pyproject.toml", "docs", "app", "scripts"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"], cwd=tmp_path, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert (tmp_path / "site/developer/job-system/api-reference/index.html").is_file()
