"""Collectors: each turns one source of truth into facts."""
