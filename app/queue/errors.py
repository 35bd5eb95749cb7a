"""What can go wrong before the service has a queue."""


class QueueStartError(Exception):
    """The queue's store cannot be reached; the message says what to set."""
