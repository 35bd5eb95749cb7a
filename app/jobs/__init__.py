"""The job domain: it knows no HTTP and no queue engine."""
