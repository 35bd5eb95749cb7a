"""Where the documentation treats what an operator sees: entries of the page of runbooks, by their anchors."""

from collections.abc import Mapping

from app.jobs.failures import ABANDONED

#: A worker sends no heartbeat any more and holds a job.
SILENT_WORKER = "a-worker-is-silent"
#: The number of failed jobs grows.
MANY_FAILURES = "many-jobs-have-failed"
#: The error of a failed job, by its code in the error log; codes without an entry of their own are not here.
ERRORS: Mapping[str, str] = {
    "VoterFileError": "an-import-cannot-read-its-file",
    "file.not_found": "an-import-does-not-find-its-file",
    "service.storage_unavailable": "all-attempts-are-used-up",
    "service.database_unavailable": "all-attempts-are-used-up",
    ABANDONED: "the-service-was-killed",
}
