"""What other programs of Node see of the service."""

from pathlib import Path

import pytest

from tests.node_packages import installed


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """A folder with the scripts of this folder and with the packages that they need."""
    return installed(Path(__file__).parent)
