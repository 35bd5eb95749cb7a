from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.trueup.examples.stories import Project, marked


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    yield Project(tmp_path)
    left = [process for process in psutil.process_iter() if marked(process)]
    assert left == [], "every process of the run has ended"
