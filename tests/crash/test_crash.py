"""The crash test in its short form; its long form is `python -m tests.crash`."""

import pytest

from tests.crash.fleet import Zygote
from tests.crash.trial import Plan, trial

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture(scope="module")
def zygote():
    with Zygote() as zygote:
        yield zygote


@pytest.mark.timeout(300)  # a machine that is busy with other tests takes its time
async def test_no_job_and_no_effect_is_lost_or_doubled_by_kills(settings_of_each_queue, tmp_path, zygote):
    """P8-4, P8-5, CC-9: service and workers are killed at random, and each job ends once with each item done once."""
    result = await trial(
        Plan(seconds=0, seed=4, rate=5, gap=0.5, workers=1, disturbances=4, jobs=10),
        zygote,
        database_url=settings_of_each_queue.database_url,
        redis_url=settings_of_each_queue.redis_url,
        folder=tmp_path,
    )
    assert result.report.violations == []
    assert result.disturbed["kills"] >= 3
    assert result.accepted >= 10
