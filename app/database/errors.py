"""What can go wrong before the service has a database."""


class DatabaseStartError(Exception):
    """The database cannot be started or reached; the message says what to set."""
