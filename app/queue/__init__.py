"""Delivery: hands job ids to workers, nothing more."""
