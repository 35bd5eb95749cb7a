"""Work in a process of its own."""

import os
import time

import pytest

from app.jobs.offload import in_process
from app.jobs.retry import PermanentError, TransientError

pytestmark = pytest.mark.anyio


async def test_work_that_takes_too_long_is_ended_and_one_that_dies_may_be_tried_again():
    assert await in_process(os.getppid) == os.getpid()
    with pytest.raises(PermanentError, match=r"took more than 0\.05 seconds"):
        await in_process(time.sleep, 60, seconds=0.05)
    with pytest.raises(TransientError, match="died"):
        await in_process(os._exit, 1)
    with pytest.raises(ZeroDivisionError):
        await in_process(divmod, 1, 0)
