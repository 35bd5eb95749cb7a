"""What can go wrong at the desk."""


class Problem(Exception):
    """Base of all problems."""

    code = ""
    status = 400


class BookGone(Problem):
    """The book is lent to another reader."""

    code = "book.gone"
    status = 409


class LoanUnknown(Problem):
    """There is no loan with this number."""

    code = "loan.unknown"
    status = 404
