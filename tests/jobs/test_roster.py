"""Worker processes as others see them."""

import os
import socket

from app.jobs.roster import WorkerProcess


def test_the_id_of_a_worker_says_where_it_runs_and_is_new_at_every_start():
    first, second = WorkerProcess.this(1), WorkerProcess.this(1)
    assert first.id.startswith(f"{socket.gethostname()}-{os.getpid()}-")
    assert first.id != second.id
