"""`sql` blocks: run on the database of the page's service, in a transaction that only reads and is rolled back."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from trueup.verify.aligned import aligned
from trueup.verify.verdict import Sample, Verdict

_READ_ONLY = {
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET TRANSACTION READ ONLY",
    "mariadb": "SET TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}
#: The numeric types of PostgreSQL, by the number by which it knows them; psql sets them to the right.
_NUMERIC = frozenset({20, 21, 23, 26, 700, 701, 790, 1700})


def verify(sample: Sample) -> Verdict:
    """Run the statements and answer with what psql would print.

    With the attribute `write`, the transaction may change data and is committed. With `exit`, the statements must
    fail, and the message is the output.
    """
    # Imported here: it takes a third of a second, and most pages have no SQL.
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

    if not sample.database:
        mend = "set tool.trueup.service.database, and let the page have a service"
        return Verdict.fault("there is no database to run the sql block on", mend=mend)
    write = "write" in sample.attributes
    must_fail = sample.attributes.get("exit", "0") != "0"
    try:
        engine: Any = create_engine(sample.database, poolclass=NullPool)
        with closing(engine.raw_connection()) as holder:
            connection: Any = holder.driver_connection
            try:
                output = _run(connection, sample, "" if write else _READ_ONLY.get(engine.dialect.name, ""))
                if write:
                    connection.commit()
            except TimeoutError:
                return Verdict.fault(f"sql block did not end within {sample.seconds:g} s", code="example-timeout")
            except engine.dialect.dbapi.Error as error:
                return _failed(error, sample, must_fail)
            finally:
                connection.rollback()
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        return Verdict.fault(f"tool.trueup.service.database: {_first(error)}", code="service-failed")
    except DBAPIError as error:
        return Verdict.fault(f"the database cannot be reached: {_first(error.orig)}", code="service-failed")
    if must_fail:
        return Verdict.fault("sql block succeeded, but is documented to fail", code="example-failed")
    return Verdict(output=output)


def _run(connection: Any, sample: Sample, before: str) -> str:
    with closing(connection.cursor()) as cursor:
        if before:
            cursor.execute(before)
        with _limited(connection, sample.seconds):
            cursor.execute(sample.source)
        return "\n".join(_results(cursor))


@contextmanager
def _limited(connection: Any, seconds: float) -> Iterator[None]:
    """End a statement that takes too long. Raises `TimeoutError` then."""
    # Drivers name it differently; both may be called from another thread.
    cancel = getattr(connection, "cancel_safe", None) or getattr(connection, "interrupt", connection.close)
    fired = threading.Event()

    def end() -> None:
        fired.set()
        cancel()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if fired.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()


def _results(cursor: Any) -> Iterator[str]:
    """What psql prints for each of the statements."""
    while True:
        if cursor.description is None:
            status = getattr(cursor, "statusmessage", None)
            yield f"{status}\n" if status else f"{cursor.rowcount} rows\n"
        else:
            rows = cursor.fetchall()
            yield aligned([column[0] for column in cursor.description], _texts(cursor, rows), _right(cursor, rows))
        if not (getattr(cursor, "nextset", None) and cursor.nextset()):
            return


def _texts(cursor: Any, rows: list[Any]) -> list[list[str]]:
    """The cells as text: PostgreSQL's own, of other databases Python's."""
    result = getattr(cursor, "pgresult", None)
    if result is None:
        return [["" if value is None else str(value) for value in row] for row in rows]
    return [
        [(result.get_value(row, column) or b"").decode(errors="replace") for column in range(result.nfields)]
        for row in range(result.ntuples)
    ]


def _right(cursor: Any, rows: list[Any]) -> set[int]:
    if getattr(cursor, "pgresult", None) is not None:
        return {at for at, column in enumerate(cursor.description) if column.type_code in _NUMERIC}
    return {
        at
        for at in range(len(cursor.description))
        if rows and all(isinstance(row[at], int | float) or row[at] is None for row in rows)
    }


def _failed(error: Exception, sample: Sample, expected: bool) -> Verdict:
    text = _first(error)
    if expected:
        return Verdict(output=f"ERROR:  {text}\n")
    position = getattr(getattr(error, "diag", None), "statement_position", None)
    line = sample.source[: int(position) - 1].count("\n") + 1 if position else 0
    mend = "write {.sql write=true} if it is meant to change data" if "read" in text.lower() else ""
    return Verdict.fault(f"sql block failed: {text}", line, "example-failed", mend)


def _first(error: BaseException | None) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
