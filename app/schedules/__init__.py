"""Schedules: jobs that are created at certain times, by themselves."""
