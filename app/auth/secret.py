"""The key that signs access tokens: the configured one, or one that the service makes for itself."""

import secrets as random

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.tables import secrets
from app.settings import Settings

_NAME = "jwt"
_BYTES = 32


async def signing_key(engine: AsyncEngine, settings: Settings) -> bytes:
    """Return the key of the settings, or the one kept in the database, made when there is none.

    Several processes that start together end up with the same key: the first to insert it wins.
    """
    if settings.jwt_secret is not None:
        return settings.jwt_secret.get_secret_value().encode()
    made = insert(secrets).values(name=_NAME, value=random.token_bytes(_BYTES)).on_conflict_do_nothing()
    async with engine.begin() as connection:
        await connection.execute(made)
        kept: bytes = (await connection.execute(select(secrets.c.value).where(secrets.c.name == _NAME))).scalar_one()
    return kept
