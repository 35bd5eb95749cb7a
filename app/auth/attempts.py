"""Failed sign-ins, counted by name and by client address: who guesses passwords has to wait.

The database counts, so that all processes count together. Names and addresses are kept as digests only: people type
passwords where names belong.
"""

import hashlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Self

import structlog
from anyio import CapacityLimiter
from sqlalchemy import ColumnElement, case, delete, literal, select
from sqlalchemy.dialects.postgresql import INTERVAL, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.auth.passwords import AT_ONCE
from app.database.tables import sign_in_failures
from app.jobs.clock import Clock
from app.problems import InvalidCredentials, TooManyAttempts, WrongPassword
from app.settings import Settings
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("auth")

#: An owner of IPv6 has a whole network of addresses.
IPV6_PREFIX = 64

_F = sign_in_failures.c


class Attempts:
    """Lets passwords be tried, a few at a time. ``most`` failures ``within`` a time, by kind of key; 0: any number."""

    def __init__(self, engine: AsyncEngine, clock: Clock, *, most: dict[str, int], within: timedelta) -> None:
        self._engine = engine
        self._clock = clock
        self._most = {kind: number for kind, number in most.items() if number}
        self._within = within
        # Looked at, checked and counted under one turn: of many guesses at the same time, few are overlooked.
        self._turns = CapacityLimiter(AT_ONCE)

    @classmethod
    def of(cls, engine: AsyncEngine, clock: Clock, settings: Settings) -> Self:
        """Return the attempts as the settings limit them."""
        most = {"name": settings.sign_in_failures, "address": settings.sign_in_address_failures}
        return cls(engine, clock, most=most, within=timedelta(minutes=settings.sign_in_minutes))

    @asynccontextmanager
    async def counted(self, name: str, address: str | None) -> AsyncIterator[None]:
        """Have a password tried in the block; a wrong one, which the block raises, counts as a failure.

        Raises:
            TooManyAttempts: there were too many failures with this name, or from this address.
        """
        keys = self._keys(name, address)
        async with self._turns:
            await self._admit(keys)
            try:
                yield
            except (InvalidCredentials, WrongPassword):
                await self._count(keys, address)
                raise

    def _keys(self, name: str, address: str | None) -> dict[bytes, str]:
        """Return the kinds of the keys that are limited, by digest."""
        given = {"name": name.lower(), "address": _network(address)}
        return {hashlib.sha256(f"{kind} {given[kind]}".encode()).digest(): kind for kind in self._most if given[kind]}

    async def _admit(self, keys: dict[bytes, str]) -> None:
        if not keys:
            return
        ends = _F.began_at + literal(self._within, INTERVAL)
        query = select(_F.digest, _F.failures, (ends - self._clock.now()).label("left"))
        query = query.where(_F.digest.in_(keys), ends > self._clock.now())
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        waits = [row.left for row in rows if row.failures >= self._most[keys[row.digest]]]
        if waits:
            seconds = math.ceil(max(waits).total_seconds())
            raise TooManyAttempts(
                f"Too many sign-ins have failed. Try again in {seconds} seconds.", headers={"Retry-After": str(seconds)}
            )

    async def _count(self, keys: dict[bytes, str], address: str | None) -> None:
        if not keys:
            return
        now, long_ago = self._clock.now(), self._clock.now(-self._within)
        over = _F.began_at <= long_ago
        # In one order, so that no two processes wait for each other.
        failed = [{"digest": digest, "began_at": now, "failures": 1} for digest in sorted(keys)]
        counted = insert(sign_in_failures).values(failed)
        statement = counted.on_conflict_do_update(
            index_elements=[_F.digest],
            set_={
                "failures": case((over, 1), else_=_F.failures + 1),
                "began_at": case((over, now), else_=_F.began_at),
            },
        )
        async with self._engine.begin() as connection:
            rows = (await connection.execute(statement.returning(_F.digest, _F.failures))).all()
            await _forget(connection, over)
        for row in rows:
            kind = keys[row.digest]
            if row.failures == self._most[kind]:
                emit(log, LogEvent.SIGN_INS_LIMITED, kind=kind, address=address)


async def _forget(connection: AsyncConnection, over: ColumnElement[bool]) -> None:
    old = select(_F.digest).where(over).with_for_update(skip_locked=True)
    await connection.execute(delete(sign_in_failures).where(_F.digest.in_(old)))


def _network(address: str | None) -> str:
    """Return whose address it is; empty when it is none, as that of a socket file."""
    try:
        known = ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(known, IPv6Address):
        return str(known.ipv4_mapped or ip_network((known, IPV6_PREFIX), strict=False))
    return str(known)
