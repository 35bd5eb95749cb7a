"""Households, the files that the service reads and writes, and the sample."""

from collections.abc import Iterator
from importlib import import_module
from uuid import UUID

from app.facts.fact import Fact, enum, fact, words
from app.handlers import geocode_households
from app.households import columns, voter_file
from app.households import model as household_model
from app.jobs import checkpoints
from app.places import places


def collect_households() -> Iterator[Fact]:
    """Yield the columns of a voter file, and what may come of geocoding."""
    for order, column in enumerate(columns.COLUMNS):
        yield fact(
            "csv_column",
            column.name,
            column.name,
            column.meaning,
            places(columns).row("COLUMNS", order),
            order=order,
            required=column.required,
            max_length=column.max_length,
            example=column.example,
        )
    for member in enum("geocode_outcome", household_model.Outcome):
        outcome = household_model.Outcome(member["key"])
        precision = outcome.precision
        yield member | {"status": outcome.status.value, "precision": precision.value if precision else None}
    yield from enum("geocode_precision", household_model.Precision)
    yield from enum("geocode_status", household_model.GeocodeStatus)
    yield from enum("geocode_mode", geocode_households.GeocodeMode)


def collect_file_formats() -> Iterator[Fact]:
    """Yield the files that the service reads and writes."""
    required = [column.name for column in columns.COLUMNS if column.required]
    yield fact(
        "file_format",
        "voter_file",
        "Voter file",
        "What an import reads: a header, then one row on each line.",
        places(voter_file).name("Encoding"),
        format="CSV",
        encodings=[encoding.value for encoding in voter_file.Encoding],
        columns=[column.name for column in columns.COLUMNS],
        required=required,
    )
    job, storage = UUID(int=0), checkpoints.CheckpointStore("memory://")
    for key, title, summary, final in (
        ("checkpoint", "Checkpoint", "The result of a stage that is finished.", True),
        ("interrupted_stage", "Interrupted stage", "Where a stage stopped; a copy of what the row holds.", False),
    ):
        path = storage.path(job, "<stage>", final=final).replace(str(job), "<job id>")
        where = places(checkpoints).name("CheckpointStore")
        yield fact(
            "file_format", key, title, summary, where, format="JSON", path=path, names=[path], encodings=["utf-8"]
        )


def collect_sample() -> Iterator[Fact]:
    """Yield the figures of the sample file; an installed service does not have its generator."""
    try:
        sample = import_module("sample_households")
    except ModuleNotFoundError:
        return
    where = places(sample).name("COUNTS")
    for key, value in sample.COUNTS.items():
        summary = f"What importing and geocoding the sample gives: {key.replace('_', ' ')}."
        yield fact("sample", key, words(key), summary, where, value=value)
