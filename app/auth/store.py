"""All SQL of users."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.auth.permissions import Role
from app.auth.user import User
from app.database.tables import browser_sessions, users
from app.problems import LastAdmin

#: Key of the advisory lock that lets one set-up happen at a time. Any number; it must not change.
_SETUP_LOCK = 0x5E7_0B

#: The columns of a user but for the hash of the password.
PUBLIC = (users.c.id, users.c.name, users.c.role, users.c.created_at, users.c.disabled_at, users.c.generation)


@dataclass(frozen=True)
class Credentials:
    """A user with the hash of the password, for signing in."""

    user: User
    password_hash: str


class UserStore:
    """Reads and writes users. Names are unique whatever their case."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def get(self, user_id: UUID) -> User | None:
        """Return a user, or None."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(*PUBLIC).where(users.c.id == user_id))).one_or_none()
        return read_user(row) if row else None

    async def credentials(self, name: str) -> Credentials | None:
        """Return the user called ``name`` with the password's hash, or None."""
        query = select(*PUBLIC, users.c.password_hash).where(func.lower(users.c.name) == func.lower(name))
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return Credentials(read_user(row), row.password_hash) if row else None

    async def all(self) -> list[User]:
        """Return every user, by name."""
        async with self._engine.connect() as connection:
            return [
                read_user(row) for row in await connection.execute(select(*PUBLIC).order_by(func.lower(users.c.name)))
            ]

    async def names(self, user_ids: Collection[UUID]) -> dict[UUID, str]:
        """Return the names of these users by their ids; ids that nobody has are left out."""
        if not user_ids:
            return {}
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(users.c.id, users.c.name).where(users.c.id.in_(user_ids)))
            return {row.id: row.name for row in rows}

    async def any(self) -> bool:
        """Tell whether there is a user."""
        async with self._engine.connect() as connection:
            return await _any(connection)

    async def add(self, name: str, password_hash: str, role: Role) -> User | None:
        """Insert a user. None: the name is taken."""
        async with self._engine.begin() as connection:
            return await _add(connection, name, password_hash, role)

    async def add_first(self, name: str, password_hash: str) -> User | None:
        """Insert the first user, an admin. None: there is a user already."""
        async with self._engine.begin() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(_SETUP_LOCK)))
            return None if await _any(connection) else await _add(connection, name, password_hash, Role.ADMIN)

    async def change(
        self,
        user_id: UUID,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        password_hash: str | None = None,
    ) -> User | None:
        """Change what is given; None: there is no such user.

        Being disabled and a new password make all tokens void and end all browser sessions.

        Raises:
            LastAdmin: nobody would be left who is an admin and may sign in.
        """
        ends = disabled or password_hash is not None
        values: dict[str, Any] = {}
        if role is not None:
            values["role"] = role.value
        if disabled is not None:
            values["disabled_at"] = func.coalesce(users.c.disabled_at, func.now()) if disabled else None
        if password_hash is not None:
            values["password_hash"] = password_hash
        if ends:
            values["generation"] = users.c.generation + 1
        async with self._engine.begin() as connection:
            if disabled or role not in {None, Role.ADMIN}:
                await _spare_last_admin(connection, user_id)
            if ends:
                await connection.execute(delete(browser_sessions).where(browser_sessions.c.user_id == user_id))
            changed = update(users).where(users.c.id == user_id).values(values).returning(*PUBLIC)
            row = (await connection.execute(changed)).one_or_none()
        return read_user(row) if row else None

    async def rehash(self, known: Credentials, password_hash: str) -> None:
        """Keep another hash of the same password, unless the user has a new one meanwhile; tokens stay good."""
        same = (users.c.id == known.user.id, users.c.password_hash == known.password_hash)
        async with self._engine.begin() as connection:
            await connection.execute(update(users).where(*same).values(password_hash=password_hash))


async def _spare_last_admin(connection: AsyncConnection, user_id: UUID) -> None:
    # The rows stay locked until the change is written: of two admins who disable each other, one is too late.
    active = (users.c.role == Role.ADMIN.value, users.c.disabled_at.is_(None))
    admins = select(users.c.id).where(*active).order_by(users.c.id).with_for_update()
    if list((await connection.execute(admins)).scalars()) == [user_id]:
        raise LastAdmin("This user is the last admin who can sign in.")


async def _any(connection: AsyncConnection) -> bool:
    return (await connection.execute(select(users.c.id).limit(1))).one_or_none() is not None


async def _add(connection: AsyncConnection, name: str, password_hash: str, role: Role) -> User | None:
    statement = (
        insert(users)
        .values(id=uuid4(), name=name, password_hash=password_hash, role=role.value)
        .on_conflict_do_nothing(index_elements=[text("lower(name)")])
        .returning(*PUBLIC)
    )
    row = (await connection.execute(statement)).one_or_none()
    return read_user(row) if row else None


def read_user(row: Row[*tuple[Any, ...]]) -> User:
    """Return a row with the columns ``PUBLIC`` as a record; further columns do no harm."""
    return User(row.id, row.name, Role(row.role), row.created_at, row.disabled_at, row.generation)
