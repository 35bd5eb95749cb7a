"""Users, set-up and sign-in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints

from app.api.schemas.base import STORABLE, RequestBody, ResponseBody
from app.auth.passwords import MAX_LENGTH, MIN_LENGTH
from app.auth.permissions import Role
from app.auth.user import User

#: Names are for people to type and to read in an audit trail.
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$")]
Password = Annotated[
    SecretStr, Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH, json_schema_extra={"pattern": STORABLE})
]

_NAME, _PASSWORD = "The name to sign in with; capitals do not matter.", "The password, kept as an Argon2 hash only."


class SetUp(RequestBody):
    """The first admin."""

    name: Name = Field(description=_NAME)
    password: Password = Field(description=_PASSWORD)


class SignIn(RequestBody):
    """Who signs in."""

    name: str = Field(min_length=1, max_length=100, description=_NAME, json_schema_extra={"pattern": STORABLE})
    password: SecretStr = Field(
        min_length=1, max_length=MAX_LENGTH, description="The password.", json_schema_extra={"pattern": STORABLE}
    )


class CreateUser(RequestBody):
    """A new user."""

    name: Name = Field(description=_NAME)
    password: Password = Field(description=_PASSWORD)
    role: Role = Field(description="What the user may do.")


class ChangeUser(RequestBody):
    """What is to be changed of a user; what is absent stays."""

    role: Role | None = Field(default=None, description="What the user may do.")
    disabled: bool | None = Field(default=None, strict=True, description="Whether the user may not sign in any more.")
    password: Password | None = Field(default=None, description=_PASSWORD)


class ChangePassword(RequestBody):
    """A new password for who sends it."""

    current_password: SecretStr = Field(
        min_length=1,
        max_length=MAX_LENGTH,
        description="The present password.",
        json_schema_extra={"pattern": STORABLE},
    )
    new_password: Password = Field(description=_PASSWORD)


class UserRead(ResponseBody):
    """A user."""

    id: UUID = Field(description="The user's id; jobs name their creator by it.")
    name: str = Field(description="The name to sign in with.")
    role: Role = Field(description="What the user may do.")
    created_at: datetime = Field(description="When the user was created.")
    disabled_at: datetime | None = Field(description="Since when the user may not sign in any more.")

    @classmethod
    def of(cls, user: User) -> "UserRead":
        """Show ``user``."""
        return cls(id=user.id, name=user.name, role=user.role, created_at=user.created_at, disabled_at=user.disabled_at)


class UserList(ResponseBody):
    """All users, by name."""

    items: list[UserRead] = Field(description="The users.")


class TokenRead(ResponseBody):
    """An access token."""

    access_token: str = Field(description="Send it as `Authorization: Bearer …`.")
    token_type: str = Field(description="How to send it.", json_schema_extra={"enum": ["Bearer"]})
    expires_at: datetime = Field(description="When it ends.")
    expires_in: int = Field(description="Seconds until it ends.")
