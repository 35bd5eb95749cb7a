"""Sessions of people who are signed in with a browser: one row each, so that signing out ends them for good.

A browser keeps the session's id in a cookie; the database keeps only its digest. A session ends when its person signs
out, is disabled or gets a new password, after a time without a request, and at the latest after a fixed time.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.auth.store import PUBLIC, read_user
from app.auth.user import User
from app.database.tables import browser_sessions, users
from app.jobs.clock import Clock

_BYTES = 32
_TOKEN_BYTES = 32
#: How exactly the time of the last request is kept: it is not written again within this time.
_SEEN = timedelta(minutes=1)

_S = browser_sessions.c


@dataclass(frozen=True)
class BrowserSession:
    """A session that is alive: its secret id, whose it is, for how long at most, and what its next page is to say."""

    id: str
    user: User
    left: timedelta
    notice: dict[str, Any] | None

    @property
    def form_token(self) -> str:
        """What a form of this session sends back, so that no other site can send one.

        It is another one each time, so that the size of a compressed page tells nothing of it.
        """
        mask = secrets.token_bytes(_TOKEN_BYTES)
        return (mask + _masked(self._secret, mask)).hex()

    def sent(self, token: str) -> bool:
        """Tell whether a form with this token came from a page of the session."""
        try:
            given = bytes.fromhex(token)
        except ValueError:
            return False
        mask, masked = given[:_TOKEN_BYTES], given[_TOKEN_BYTES:]
        return len(given) == 2 * _TOKEN_BYTES and hmac.compare_digest(_masked(masked, mask), self._secret)

    @property
    def _secret(self) -> bytes:
        return hmac.digest(self.id.encode(), b"form", "sha256")


class BrowserSessions:
    """Opens, finds and ends sessions. ``idle``: how long one lives without a request; ``longest``: with requests."""

    def __init__(self, engine: AsyncEngine, clock: Clock, *, idle: timedelta, longest: timedelta) -> None:
        self._engine = engine
        self._clock = clock
        self._idle = idle
        self._longest = longest

    async def open(self, user_id: UUID) -> str:
        """Open a session for a user and return its id; sessions that have ended are removed."""
        session_id, now = secrets.token_urlsafe(_BYTES), self._clock.now()
        opened = insert(browser_sessions).values(
            digest=_digest(session_id), user_id=user_id, created_at=now, seen_at=now,
            expires_at=self._clock.now(self._longest),
        )  # fmt: skip
        over = or_(_S.expires_at <= now, _S.seen_at <= self._clock.now(-self._idle))
        async with self._engine.begin() as connection:
            await connection.execute(delete(browser_sessions).where(over))
            await connection.execute(opened)
        return session_id

    async def find(self, session_id: str) -> BrowserSession | None:
        """Return the session of this id, with its user as the database knows the user now; None when it has ended."""
        now = self._clock.now()
        query = (
            select(*PUBLIC, (_S.expires_at - now).label("left"), _S.notice)
            .join(users, users.c.id == _S.user_id)
            .where(
                _S.digest == _digest(session_id),
                _S.expires_at > now,
                _S.seen_at > self._clock.now(-self._idle),
                users.c.disabled_at.is_(None),
            )
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return BrowserSession(session_id, read_user(row), row.left, row.notice) if row else None

    async def seen(self, session_id: str) -> None:
        """Note that the session's person has asked for something."""
        long_ago = _S.seen_at < self._clock.now(-_SEEN)
        statement = update(browser_sessions).where(_S.digest == _digest(session_id), long_ago)
        async with self._engine.begin() as connection:
            await connection.execute(statement.values(seen_at=self._clock.now()))

    async def close(self, session_id: str) -> None:
        """End a session; nothing happens when it has ended."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(browser_sessions).where(_S.digest == _digest(session_id)))

    async def leave(self, session_id: str, notice: dict[str, Any] | None) -> None:
        """Keep what the next page of the session is to say; None: it has been said."""
        statement = update(browser_sessions).where(_S.digest == _digest(session_id)).values(notice=notice)
        async with self._engine.begin() as connection:
            await connection.execute(statement)


def _masked(value: bytes, mask: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(value, mask, strict=True))


def _digest(session_id: str) -> bytes:
    return hashlib.sha256(session_id.encode()).digest()
