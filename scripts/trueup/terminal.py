"""The terminal, as trueup prints to it."""

from functools import partial

from rich.console import Console

# What is printed comes from the project: rich would show the line of `items.py:100: …` as a picture.
terminal = partial(Console, emoji=False)
"""Makes a console on which text of the project stays as it is."""
