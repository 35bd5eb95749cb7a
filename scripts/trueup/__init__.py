"""Keeps documentation true to the code it describes."""
