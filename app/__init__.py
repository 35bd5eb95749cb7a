"""The reference job service."""
