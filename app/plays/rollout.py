"""Which plays are parsed by jobs, and which by the older way, within the request."""

from enum import StrEnum
from hashlib import sha256
from uuid import UUID


class Rollout(StrEnum):
    """How far jobs have taken the place of the older way to parse plays."""

    OFF = "off"
    SHADOW = "shadow"
    PERCENTAGE = "percentage"
    ON = "on"

    @property
    def meaning(self) -> str:
        """What becomes of a request, in one sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    Rollout.OFF: "The play is parsed within the request. No job is made.",
    Rollout.SHADOW: "The play is parsed within the request, and by a job, too. What both have found is compared.",
    Rollout.PERCENTAGE: "A job parses `PARSING_ROLLOUT_PERCENT` of the files, always the same ones; the others are "
    "parsed within the request.",
    Rollout.ON: "A job parses the play.",
}


def by_job(file_id: UUID, rollout: Rollout, percent: int) -> bool:
    """Tell whether a job answers for this file; a file that does at some percentage does so at every higher one."""
    if rollout is Rollout.PERCENTAGE:
        return int.from_bytes(sha256(file_id.bytes).digest()[:8]) % 100 < percent
    return rollout is Rollout.ON
