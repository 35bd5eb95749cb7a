"""The board on which notices hang, and the people who listen."""

import asyncio
from datetime import date

from pydantic import BaseModel, Field


class Notice(BaseModel):
    """A notice as it hangs on the board."""

    number: int = Field(description="Counts from 1.")
    name: str = Field(description="The name of the file that was handed in.")
    text: str = Field(description="What it says.")
    day: date = Field(description="The day it was hung up.")


class Board:
    """All notices, the oldest first; each new one is told to every listener."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.listeners: set[asyncio.Queue[Notice]] = set()

    def hang(self, name: str, text: str, day: date) -> Notice:
        """Hang up a notice."""
        notice = Notice(number=len(self.notices) + 1, name=name, text=text, day=day)
        self.notices.append(notice)
        for listener in self.listeners:
            listener.put_nowait(notice)
        return notice
