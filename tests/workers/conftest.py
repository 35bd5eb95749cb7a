"""Workers are tested with each store that the queue can be kept in."""

import pytest

from app.settings import Settings
from tests.conftest import Open, opener
from tests.workers.samples import Gate


@pytest.fixture
def open_process(settings_of_each_queue: Settings) -> Open:
    """Return a function that opens the services of one more process on the test's database and queue."""
    return opener(settings_of_each_queue)


@pytest.fixture
def closed_gate() -> Gate:
    """A gate that holds the job at its next item until the test opens it."""
    gate = Gate()
    gate.close()
    return gate
