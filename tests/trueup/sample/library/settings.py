"""Settings of the library."""

from enum import Enum

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class Shelving(Enum):
    """How books are put on the shelves."""

    AUTHOR = "author"
    COLOUR = "colour"


class Settings(BaseSettings):
    """Everything that a librarian may change."""

    loan_days: int = Field(default=21, ge=1, le=90, description="Days until a loan is due.")
    reminder_seconds: float = Field(default=90.0, gt=0, description="Seconds between two looks for overdue loans.")
    shelving: Shelving = Field(default=Shelving.AUTHOR, description="Order of the shelves.")
    desk_password: SecretStr = Field(default=SecretStr("sesame"), description="Password of the desk.")
