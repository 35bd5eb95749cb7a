"""What may happen to a loan."""

from enum import StrEnum


class State(StrEnum):
    """The state of a loan."""

    LENT = "lent"
    OVERDUE = "overdue"
    RETURNED = "returned"


MEANINGS = {
    State.LENT: "The reader has the book.",
    State.OVERDUE: "The reader has the book for too long.",
    State.RETURNED: "The book is back on its shelf.",
}

MOVES = (
    (None, "lend", State.LENT),
    (State.LENT, "expire", State.OVERDUE),
    (State.LENT, "renew", State.LENT),
    (State.LENT, "return", State.RETURNED),
    (State.OVERDUE, "return", State.RETURNED),
)
