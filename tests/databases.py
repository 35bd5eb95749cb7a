"""Databases with all tables and no rows. To make one takes longer than most tests, so they are emptied and reused."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count

import psycopg
from psycopg import sql

#: The database of each server that all others are made of.
TEMPLATE = "template"

#: What each database of ours has, as the template has it.
_MIGRATIONS = {("public", "alembic_version"), ("bullmq", "migration")}

#: Emptied databases that nobody uses, by server.
_spare: dict[str, list[str]] = defaultdict(list)
_numbers = count(1)


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """The address of a database with all tables and no rows, on the server whose own database is at ``server``."""
    spare = _spare[server]
    name = spare.pop() if spare else _made(server)
    yield address_of(server, name)
    if _emptied(server, name):
        spare.append(name)
    else:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def address_of(server: str, name: str) -> str:
    """The address of a database of a server."""
    return server.replace("/postgres?", f"/{name}?")


def _made(server: str) -> str:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
        connection.execute(statement)
    return name


def _emptied(server: str, name: str) -> bool:
    """Make a database what it was when it was new, and tell whether that could be done."""
    with psycopg.connect(address_of(server, name), autocommit=True) as connection:
        # Of processes that a test has killed.
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        ours, now = _tables_of_template(server), _tables(connection)
        if not ours <= now:
            return False
        for table in now - ours:
            connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(*table)))
        filled = connection.execute(
            sql.SQL(" UNION ALL ").join(
                sql.SQL("SELECT {}, {} WHERE EXISTS (SELECT FROM {})").format(*table, sql.Identifier(*table))
                for table in ours - _MIGRATIONS
            )
        ).fetchall()
        if filled:
            tables = sql.SQL(", ").join(sql.Identifier(*table) for table in filled)
            connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))
        return True


@cache
def _tables_of_template(server: str) -> frozenset[tuple[str, str]]:
    with psycopg.connect(address_of(server, TEMPLATE)) as connection:
        return _tables(connection)


def _tables(connection: psycopg.Connection) -> frozenset[tuple[str, str]]:
    """The tables of a database by schema and name."""
    query = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    return frozenset(connection.execute(query).fetchall())
