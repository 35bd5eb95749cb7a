"""What documentation may state about this service and only the service can tell, taken from its tables."""

from collections.abc import Iterator
from itertools import chain

from app.facts.access import collect_access, collect_problems
from app.facts.buttons import collect_buttons
from app.facts.documents import collect_documents
from app.facts.fact import Fact
from app.facts.households import collect_file_formats, collect_households, collect_sample
from app.facts.job_types import collect_job_types
from app.facts.jobs_page import collect_jobs_page
from app.facts.lifecycle import collect_events, collect_policies, collect_states, collect_transitions
from app.facts.limits import collect_limits, collect_timings
from app.facts.operation import collect_queue, collect_telemetry
from app.facts.plays import collect_plays, collect_sessions
from app.facts.recovery import collect_orphans, collect_recovery
from app.facts.schedules import collect_schedules


def collect() -> Iterator[Fact]:
    """Yield every fact."""
    yield from chain(
        collect_states(),
        collect_transitions(),
        collect_events(),
        collect_policies(),
        collect_buttons(),
        collect_jobs_page(),
        collect_recovery(),
        collect_orphans(),
        collect_job_types(),
        collect_problems(),
        collect_access(),
        collect_queue(),
        collect_telemetry(),
        collect_households(),
        collect_file_formats(),
        collect_documents(),
        collect_plays(),
        collect_sessions(),
        collect_schedules(),
        collect_limits(),
        collect_timings(),
        collect_sample(),
    )
