"""The one guarded write: a statement that changes a status where the table allows it, and tells the audit trail.

Its guard is the WHERE clause, so who loses a race changes nothing. To build such a statement takes several times as
long as to execute it; those that workers and creators execute all the time are kept, with parameters for values.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    Executable,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.tables import job_events, jobs
from app.jobs.channels import EVENTS_CHANNEL
from app.jobs.clock import Clock
from app.jobs.model import ERROR_LOG_LIMIT, Caller, Job
from app.jobs.reader import read_job
from app.jobs.states import TERMINAL, Event, Status, sources
from app.jobs.text import storable
from app.webhooks.announcement import announcement

#: Values for the columns of a job, by column name; SQL expressions are welcome.
Values = Mapping[str, Any]

#: What every event that ends a worker's hold on a job clears.
UNHELD: Values = {"worker_id": None, "lock_expires_at": None}

#: A statement.
S = TypeVar("S", bound=Executable)

#: Values for the parameters of a kept statement, by name.
Parameters = Mapping[str, Any]


class Transitions:
    """Changes statuses on the database of ``engine``, by the table and by no other way."""

    def __init__(self, engine: AsyncEngine, clock: Clock | None = None) -> None:
        self.engine = engine
        self.clock = clock or Clock()
        self._alone = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._kept: dict[Hashable, Any] = {}

    def alone(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a connection on which each statement is a transaction: one round trip instead of three."""
        return self._alone.connect()

    def _keep(self, key: Hashable, build: Callable[[], S]) -> S:
        """Return the statement called ``key``, built when it is asked for the first time."""
        # Its times are moved by the clock's offset.
        found: S | None = self._kept.get((key, self.clock.offset))
        if found is None:
            found = self._kept[key, self.clock.offset] = build()
        return found

    async def _apply(
        self,
        connection: AsyncConnection,
        event: Event,
        source: Status,
        to: Status,
        guard: Sequence[ColumnElement[bool]],
        values: Values,
        *,
        caller: Caller,
        reason: str | None = None,
    ) -> list[Job]:
        statement = self._change(event, source, to, guard, values)
        return await self._changed(connection, statement, {}, caller, reason)

    async def _changed(
        self,
        connection: AsyncConnection,
        statement: Select[Any],
        parameters: Parameters,
        caller: Caller,
        reason: str | None = None,
    ) -> list[Job]:
        """Execute what ``_change`` or ``_audited`` made; return the changed jobs as they are now."""
        said = self._said(caller, reason)
        return [read_job(row) for row in await connection.execute(statement, {**parameters, **said})]

    @staticmethod
    def _said(caller: Caller, reason: str | None) -> Parameters:
        """Return what the audit entry says of who did it, and why."""
        return {"said_actor": caller.actor.value, "said_actor_id": caller.id, "said_reason": reason}

    def _change(
        self,
        event: Event,
        source: Status,
        to: Status,
        guard: Sequence[ColumnElement[bool]],
        values: Values,
        *,
        told: Sequence[Column[Any]] = (),
        by_id: bool = False,
    ) -> Select[Any]:
        """Return the statement; it tells these columns of the changed jobs, by default all.

        ``by_id`` says that the guard names the jobs, so that they are looked up by nothing else.
        """
        if source not in sources(event, to=to):
            raise ValueError(f"the transition table has no {source} → {to} on {event}")
        changed = (
            update(jobs)
            .where(still(source) if by_id else jobs.c.status == source.value, *guard)
            .values({"status": to.value, "updated_at": self.clock.now(), **values})
            .returning(*jobs.c)
            .cte("changed")
        )
        statement = self._audited(changed, event, source, told)
        if to in TERMINAL:
            statement = statement.add_cte(announcement(changed, to, self.clock.now()).cte("announced"))
        return statement

    def _audited(
        self, changed: CTE, event: Event, source: Status | None, told: Sequence[Column[Any]] = ()
    ) -> Select[Any]:
        """Return a statement that runs ``changed``, writes its audit entries, and returns the changed jobs."""
        entry = (
            insert(job_events)
            .from_select(
                ["job_id", "at", "event", "actor", "actor_id", "from_status", "to_status", "run", "reason"],
                select(
                    changed.c.id,
                    self.clock.now(),
                    literal(event.value),
                    bindparam("said_actor", type_=Text),
                    bindparam("said_actor_id", type_=Text),
                    literal(source.value if source else None),
                    changed.c.status,
                    changed.c.run,
                    bindparam("said_reason", type_=Text),
                ),
            )
            .returning(func.pg_notify(EVENTS_CHANNEL, ""))
        )
        shown = select(*(changed.c[column.name] for column in told)) if told else select(changed)
        return shown.add_cte(entry.cte("audited"))

    def _ending(self, entry: dict[str, Any] | None) -> dict[str, Any]:
        return {**self._ended(), "error_log": self._log([entry])} if entry else self._ended()

    def _ended(self) -> dict[str, Any]:
        return {"completed_at": self.clock.now(), "control_request": None, "next_retry_at": None}

    def _log(self, entries: Sequence[Mapping[str, Any]]) -> ColumnElement[Any]:
        """Return the error log with ``entries`` before it, newest first, cut to its limit."""
        newest = [_entry(entry) for entry in list(reversed(entries))[:ERROR_LOG_LIMIT]]
        return self._logged([literal(entry, JSONB) for entry in newest])

    def _logged(self, newest: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
        at = func.jsonb_build_object("at", self.clock.now())
        cut = cast(f"$[0 to {ERROR_LOG_LIMIT - 1}]", JSONPATH)
        entries = func.jsonb_build_array(*(entry.op("||")(at) for entry in newest))
        return func.jsonb_path_query_array(entries.op("||")(jobs.c.error_log), cut)


def still(status: Status) -> ColumnElement[bool]:
    """Return the guard on the status of jobs that are named by their ids.

    No index of the status can serve it. The planner would take one for short that had few entries when it was last
    looked at, and each claim would go through all jobs that wait.
    """
    return jobs.c.status.concat("") == status.value


def _entry(entry: Mapping[str, Any]) -> Any:
    """Return an entry of the error log as the database can store it."""
    return storable(dict(entry))
