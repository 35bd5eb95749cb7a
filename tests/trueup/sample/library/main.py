"""The desk of the library, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Query
from pydantic import BaseModel, Field

from library.states import State

router = APIRouter(prefix="/api")


class Loan(BaseModel):
    """One book in the hands of one reader."""

    number: int = Field(description="The loan's number.", examples=[7])
    book: str = Field(description="Title of the book.", max_length=200)
    state: State = Field(description="Where the book is.")
    note: str | None = Field(default=None, description="What the desk wrote down.")


class LoanCreate(BaseModel):
    """What the desk must know to lend a book."""

    book: str = Field(description="Title of the book.", max_length=200, examples=["Emma"])
    note: str | None = Field(default=None, description="What the desk should know.")


@router.get("/loans", operation_id="listLoans", summary="List loans", tags=["loans"])
def list_loans(
    state: Annotated[State | None, Query(description="Only loans in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Most loans to return.")] = 20,
) -> list[Loan]:
    """Newest first."""
    return []


@router.post("/loans", operation_id="lendBook", summary="Lend a book", status_code=201, tags=["loans"])
def lend_book(loan: LoanCreate, desk: Annotated[str | None, Header(alias="X-Desk")] = None) -> Loan:
    """Fails with `book.gone` when somebody else has it."""
    return Loan(number=1, book=loan.book, state=State.LENT)


@router.get("/loans/{number}", operation_id="getLoan", summary="Show a loan", tags=["loans"])
def get_loan(number: int) -> Loan:
    """Anyone may look."""
    return Loan(number=number, book="Emma", state=State.LENT)


@router.get("/internal/stock", include_in_schema=False)
def stock() -> dict[str, int]:
    return {}


def create_app() -> FastAPI:
    """The application."""
    app = FastAPI(title="Library", docs_url=None, redoc_url=None)
    app.include_router(router)
    return app
