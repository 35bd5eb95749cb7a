"""Runs jobs: claims them, executes their stages, and settles what came of it."""
