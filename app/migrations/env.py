"""Alembic runs this file for every migration command."""

from alembic import context

from app.database.tables import metadata
from app.documents.tables import documents
from app.households.tables import households
from app.plays.tables import plays

assert households.metadata is documents.metadata is plays.metadata is metadata, "one metadata holds all tables"  # noqa: S101

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # BullMQ keeps its own tables, and its own migrations, in a schema of its own.
    include_name=lambda name, kind, _: kind != "schema" or name in (None, "public"),
)
with context.begin_transaction():
    context.run_migrations()
