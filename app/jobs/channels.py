"""The channels on which writes to jobs are announced, in the transaction of the write."""

#: An entry was added to the audit trail. Without payload: who listens reads what is new.
EVENTS_CHANNEL = "job_events"
#: A running job has committed a step, or a job was removed. The payload is the job's id.
PROGRESS_CHANNEL = "job_progress"
