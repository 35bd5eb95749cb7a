"""What endpoints of the Jobs page ask for, as types."""

from datetime import datetime
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request

from app.api.deps import Everything, JobTypes
from app.auth.accounts import Accounts
from app.auth.user import User
from app.ui.door import CurrentSession


def _user(session: CurrentSession) -> User:
    return session.user


def now(request: Request) -> datetime:
    """Return the present time, in UTC."""
    return _accounts(request).tokens.now


def _accounts(request: Request) -> Accounts:
    return cast(Accounts, request.app.state.accounts)


async def _names(request: Request) -> dict[UUID, str]:
    return {user.id: user.name for user in await _accounts(request).users.all()}


CurrentUser = Annotated[User, Depends(_user)]
AllAccounts = Annotated[Accounts, Depends(_accounts)]
#: The present time, in UTC.
Now = Annotated[datetime, Depends(now)]
#: The names of all users, by their ids.
Names = Annotated[dict[UUID, str], Depends(_names)]

__all__ = ["AllAccounts", "CurrentUser", "Everything", "JobTypes", "Names", "Now"]
