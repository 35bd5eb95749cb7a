"""Finding and fixing what has lost its counterpart, for admins."""

from typing import Annotated

from fastapi import Body

from app.api import examples
from app.api.deps import Everything, Limit
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.schemas.orphan import FixOrphans, OrphanList, OrphansFixed
from app.auth.permissions import Permission
from app.problems import QueueUnavailable, StorageUnavailable
from app.queue.orphans import OrphanKind

router = OperationRouter("Service")


@router.add(
    "GET",
    "/admin/jobs/orphans",
    Operation(
        "listOrphans",
        "Find what has lost its counterpart",
        permission=Permission.QUEUE_INSPECT,
        success="What was found.",
        problems=(QueueUnavailable,),
        example={
            "counts": {"row_without_entry": 0, "entry_without_row": 0, "checkpoint_without_job": 1},
            "items": [
                {
                    "kind": "checkpoint_without_job",
                    "reference": f"{examples.JOB_ID}/",
                    "job_id": examples.JOB_ID,
                }
            ],
        },
    ),
)
async def list_orphans(services: Everything, limit: Limit) -> OrphanList:
    """Compare rows, queue entries and checkpoints, and return what belongs to nothing. Nothing is changed.

    Everything is looked at; `limit` is for `items` only. Of pending jobs, those that were written just now are left
    out: they may be on their way to the queue.
    """
    return OrphanList.of(await services.orphans.find(limit=limit))


@router.add(
    "POST",
    "/admin/jobs/orphans/fix",
    Operation(
        "fixOrphans",
        "Fix what has lost its counterpart",
        permission=Permission.QUEUE_REPAIR,
        success="What was fixed.",
        problems=(QueueUnavailable, StorageUnavailable),
        example={"fixed": {"row_without_entry": 0, "entry_without_row": 0, "checkpoint_without_job": 1}},
        requests={"entries": {"summary": "Entries only", "value": {"kinds": ["entry_without_row"]}}},
    ),
)
async def fix_orphans(services: Everything, body: Annotated[FixOrphans | None, Body()] = None) -> OrphansFixed:
    """Hand over pending jobs that the queue does not hold; remove entries and checkpoints of jobs that do not exist.

    It can be done at any time, and again: what is not lost is not touched.
    """
    fixed = await services.orphans.fix((body.kinds if body else None) or list(OrphanKind))
    return OrphansFixed(fixed={kind.value: count for kind, count in fixed.items()})
