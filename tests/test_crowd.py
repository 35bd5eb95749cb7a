"""A crowd of clients against a live service; the long form is scripts/crowd.py."""

from pathlib import Path
from tempfile import TemporaryDirectory

import crowd
import pytest

pytestmark = pytest.mark.anyio


@pytest.mark.slow
async def test_a_crowd_gets_only_documented_answers():
    # Not in pytest's folder, which the system user of an embedded database may not enter.
    with TemporaryDirectory(prefix="crowd-") as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240 (nothing else runs yet)
        async with crowd.service(Path(folder)) as (address, _):
            await crowd.set_up(address)
            seen = await crowd.crowd(address, clients=200, seconds=60, most=4)
    assert (seen.undocumented, seen.broken) == ({}, {})
    assert len(seen.seconds) == 200 * 4
    assert {200, 201, 401, 404, 409, 422} <= set(seen.statuses)
