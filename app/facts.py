"""What documentation may state about this service and only the service can tell, taken from its tables.

Each fact is a plain dict: ``kind``, ``key``, ``title``, ``summary``, ``file`` and ``line`` of the row that it comes
from, and attributes of its kind.
"""

import inspect
import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import Enum
from functools import partial
from importlib import import_module
from typing import Any
from uuid import UUID

from app import cli, migrations, settings
from app.api import deps, json_body, middleware
from app.api import problems as api_problems
from app.api.schemas import job as job_schemas
from app.auth import passwords, permissions
from app.auth.permissions import Role
from app.database import tables
from app.handlers import REGISTRY, geocode_households, import_voters
from app.households import columns, voter_file
from app.households import model as household_model
from app.jobs import checkpoints, model, states
from app.jobs import retry as retries
from app.jobs.states import Actor
from app.places import Place, places
from app.problems import Problem
from app.queue import bullmq, outbox
from app.telemetry import events, health, metrics

Fact = dict[str, Any]


def collect() -> Iterator[Fact]:
    """Yield every fact."""
    yield from _states()
    yield from _transitions()
    yield from _job_events()
    yield from _job_types()
    yield from _problems()
    yield from _access()
    yield from _queue()
    yield from _telemetry()
    yield from _households()
    yield from _file_formats()
    yield from _limits()
    yield from _timings()
    yield from _sample()


def _fact(kind: str, key: str, title: str, summary: str, place: Place, **attributes: Any) -> Fact:
    return {"kind": kind, "key": key, "title": title, "summary": summary, **place, **attributes}


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _enum(kind: str, members: Iterable[Enum], **attributes: Any) -> Iterator[Fact]:
    """Yield one fact for each member of an enum whose members have a ``meaning``."""
    for order, member in enumerate(members):
        where = places(sys.modules[type(member).__module__]).member(type(member).__name__, member.name)
        yield _fact(kind, member.value, _words(member.value), _meaning(member), where, order=order, **attributes)


def _meaning(member: Any) -> str:
    try:
        return str(member.meaning)
    except KeyError:
        # A member that nobody has explained yet is a fact all the same; the checks then say what it lacks.
        return ""


def _states() -> Iterator[Fact]:
    for fact in _enum("state", states.Status):
        status = states.Status(fact["key"])
        rows = [row for row in states.TRANSITIONS if row.target is status and row.source is not status]
        yield fact | {
            "terminal": status in states.TERMINAL,
            "entered_by": sorted({row.event.actor.value for row in rows}),
            "entered_on": list(dict.fromkeys(row.event.value for row in rows)),
            "actions": [event.value for event in states.allowed(status)],
        }


def _transitions() -> Iterator[Fact]:
    for order, row in enumerate(states.TRANSITIONS):
        source = row.source.value if row.source else None
        ends = f"{source or 'new'} → {row.target}"
        yield _fact(
            "transition",
            f"{ends} ({row.event})",
            ends,
            row.trigger[0].upper() + row.trigger[1:] + ".",
            places(states).row("TRANSITIONS", order),
            names=[ends],
            order=order,
            source=source,
            event=row.event.value,
            label=row.event.value,
            target=row.target.value,
            actor=row.event.actor.value,
            trigger=row.trigger,
            guard=row.guard,
            effect=row.effect,
        )


def _job_events() -> Iterator[Fact]:
    for order, event in enumerate(states.Event):
        rows = [row for row in states.TRANSITIONS if row.event is event]
        permission = job_schemas.ACTION_PERMISSIONS.get(event)
        yield _fact(
            "job_event",
            event.value,
            _words(event.value),
            "; ".join(dict.fromkeys(row.trigger for row in rows)),
            places(states).member("Event", event.name),
            order=order,
            actor=event.actor.value,
            action=event.actor is Actor.USER and event is not states.Event.CREATE,
            permission=permission.value if permission else None,
            roles={role.value: permissions.scope(role, permission).value for role in Role} if permission else {},
            sources=[row.source.value for row in rows if row.source],
            leads={row.source.value: row.target.value for row in rows if row.source},
        )


def _job_types() -> Iterator[Fact]:
    for order, kind in enumerate(REGISTRY.values()):
        module = sys.modules[f"app.handlers.{kind.name}"]
        # The declaration is the line that names the type.
        line = next(
            number
            for number, text in enumerate(_lines(module), 1)
            if text.strip() in {f'name="{kind.name}",', f'"{kind.name}",'}
        )
        yield _fact(
            "job_type",
            kind.name,
            kind.label,
            kind.summary,
            places(module).at(line),
            order=order,
            names=list(kind.aliases),
            aliases=list(kind.aliases),
            stages=[stage.name for stage in kind.stages],
            max_retries=kind.retry.max_retries,
            base_seconds=kind.retry.base_seconds,
            factor=kind.retry.factor,
            cap_seconds=kind.retry.cap_seconds,
            jitter=kind.retry.jitter,
            payload=kind.payload.__name__,
            example=dict(kind.example),
        )
        for number, stage in enumerate(kind.stages):
            found = [at for at, text in enumerate(_lines(module), 1) if f'Stage("{stage.name}"' in text]
            yield _fact(
                "stage",
                f"{kind.name}.{stage.name}",
                stage.label,
                _told(stage.run),
                places(module).at(found[0] if found else line),
                names=[stage.name],
                order=number,
                number=number + 1,
                job_type=kind.name,
            )
        for retry in range(1, kind.retry.max_retries + 1):
            latest, earliest = (kind.retry.delay(retry, chance).total_seconds() for chance in (0, 1))
            yield _fact(
                "retry_delay",
                f"{kind.name} {retry}",
                f"Retry {retry} of {kind.name}",
                f"Wait before retry {retry} of {kind.label.lower()}.",
                places(module).at(line),
                order=retry,
                job_type=kind.name,
                retry=retry,
                earliest_seconds=round(earliest, 3),
                latest_seconds=round(latest, 3),
            )
    for order, error in enumerate(retries.TRANSIENT):
        yield _fact(
            "transient_error",
            error.__name__ if error.__module__ == "builtins" else f"{error.__module__}.{error.__name__}",
            error.__name__,
            "Worth another attempt.",
            places(retries).row("TRANSIENT", order),
            order=order,
        )


def _told(run: Any) -> str:
    """Return the first sentence of what a stage says of itself."""
    text = inspect.getdoc(run.func if isinstance(run, partial) else run) or ""
    return " ".join(text.split("\n\n")[0].split())


def _lines(module: Any) -> list[str]:
    source: str = module.__loader__.get_source(module.__name__)
    return source.splitlines()


def _problems() -> Iterator[Fact]:
    for kind in Problem.catalogue():
        module = sys.modules[kind.__module__]
        yield _fact(
            "problem",
            kind.code,
            kind.title,
            kind.cause(),
            places(module).name(kind.__name__),
            status=kind.status,
            fix=kind.fix,
            retry_after=kind.status == 503,
            class_name=kind.__name__,
        )


def _access() -> Iterator[Fact]:
    yield from _enum("role", Role)
    for order, grant in enumerate(permissions.GRANTS):
        yield _fact(
            "permission",
            grant.permission.value,
            _words(grant.permission.value.replace(".", " ")),
            grant.summary,
            places(permissions).row("GRANTS", order),
            order=order,
            **{role.value: grant.scope(role).value for role in Role},
        )


def _queue() -> Iterator[Fact]:
    for scope, table, defaults in (
        ("entry", "ENTRY_DEFAULTS", bullmq.ENTRY_DEFAULTS),
        ("worker", "WORKER_DEFAULTS", bullmq.WORKER_DEFAULTS),
    ):
        for order, default in enumerate(defaults):
            yield _fact(
                "queue_default",
                default.name,
                default.name,
                default.reason,
                places(bullmq).row(table, order),
                order=order,
                scope=scope,
                value=default.value,
            )


def _telemetry() -> Iterator[Fact]:
    for order, (event, line) in enumerate(events.LOG_LINES.items()):
        yield _fact(
            "log_line",
            event.value,
            event.value,
            line.meaning,
            places(events).row("LOG_LINES", order),
            order=order,
            level=line.level,
            fields=["exception" if name == "exc_info" else name for name in line.fields],
        )
    constants = {id(value): name for name, value in vars(metrics).items() if isinstance(value, metrics.MetricKind)}
    for order, kind in enumerate(metrics.METRICS):
        yield _fact(
            "metric",
            kind.name,
            kind.name,
            kind.help,
            places(metrics).name(constants[id(kind)]),
            order=order,
            labels=list(kind.labels),
            type="gauge",
        )
    yield from _enum("health_reason", health.Reason)


def _households() -> Iterator[Fact]:
    for order, column in enumerate(columns.COLUMNS):
        yield _fact(
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
    for fact in _enum("geocode_outcome", household_model.Outcome):
        outcome = household_model.Outcome(fact["key"])
        precision = outcome.precision
        yield fact | {"status": outcome.status.value, "precision": precision.value if precision else None}
    yield from _enum("geocode_status", household_model.GeocodeStatus)
    yield from _enum("geocode_mode", geocode_households.GeocodeMode)


def _file_formats() -> Iterator[Fact]:
    """Yield the files that the service reads and writes."""
    required = [column.name for column in columns.COLUMNS if column.required]
    yield _fact(
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
        yield _fact(
            "file_format", key, title, summary, where, format="JSON", path=path, names=[path], encodings=["utf-8"]
        )


def _limits() -> Iterator[Fact]:
    """Yield the fixed numbers that documentation states."""
    for key, module, name, summary in (
        ("error_log", model, "ERROR_LOG_LIMIT", "Entries that the error log of a job keeps, the newest."),
        ("priority_lowest", tables, "LOWEST_PRIORITY", "The lowest priority of a job."),
        ("priority_default", tables, "DEFAULT_PRIORITY", "The priority of a job that is given none."),
        ("priority_highest", tables, "HIGHEST_PRIORITY", "The highest priority of a job; claimed first."),
        ("missed_heartbeats", health, "MISSED_HEARTBEATS", "Heartbeats that a live worker process may miss."),
        ("password_shortest", passwords, "MIN_LENGTH", "Fewest characters of a password."),
        ("password_longest", passwords, "MAX_LENGTH", "Most characters of a password."),
        ("import_batch", import_voters, "BATCH_ROWS", "Rows of one step of an import."),
        ("geocoding_batch", geocode_households, "BATCH_HOUSEHOLDS", "Households of one step of geocoding."),
        ("geocoding_most", geocode_households, "MAX_LIMIT", "Most households that one job may be limited to."),
        ("line_bytes", voter_file, "MAX_LINE_BYTES", "Most bytes of a line of a voter file."),
        ("birth_year_first", columns, "FIRST_BIRTH_YEAR", "The earliest year of birth that is accepted."),
        ("birth_year_last", columns, "LAST_BIRTH_YEAR", "The latest year of birth that is accepted."),
        ("list_most", deps, "MOST", "Most items on one page of a list."),
        ("json_depth", json_body, "MAX_DEPTH", "Levels of lists and objects inside each other in a JSON body."),
        ("retry_after", api_problems, "RETRY_AFTER", "Seconds that `Retry-After` names."),
        ("reconcile_quiet", outbox, "QUIET", "Seconds for which a pending job must be untouched to be looked for."),
        ("request_id", middleware, "ID_LENGTH", "Characters that a request's own id may have."),
        ("percent_unfinished", model, "MOST_PERCENT_UNFINISHED", "The most percent that an unfinished job shows."),
        (
            "postgres_oldest",
            migrations,
            "OLDEST_SERVER",
            "The oldest major version of PostgreSQL that the service takes.",
        ),
        ("exit_misuse", cli, "MISUSE", "The exit status of a command that met something its caller can mend."),
        ("open_requests", cli, "OPEN_REQUESTS_SECONDS", "Seconds that open requests get when the service is stopped."),
        ("metrics_window", metrics, "WINDOW", "Seconds that the figures of the last hour look back."),
    ):
        where = _constant(module, name)
        value = getattr(module, name)
        if isinstance(value, timedelta):
            value = value.total_seconds()
        yield _fact("limit", key, _words(key), summary, where, value=value, constant=name)


def _timings() -> Iterator[Fact]:
    """Yield how soon the service notices what went wrong, at the defaults of the settings."""
    default = {name: field.default for name, field in settings.Settings.model_fields.items()}
    lease, look, beat = (default[f"{name}_seconds"] for name in ("lease", "reconcile", "heartbeat"))
    for key, setting, formula, value, summary in (
        ("worker_lost", "lease", "`LEASE_SECONDS` + `RECONCILE_SECONDS`", lease + look,
         "From the last heartbeat of a worker that is gone until its jobs are taken back, at most."),
        ("entry_lost", "reconcile", "`QUIET` + `RECONCILE_SECONDS`", outbox.QUIET.total_seconds() + look,
         "From the commit of a job that did not reach the queue until it is handed over again, at most."),
        ("worker_silent", "heartbeat", "`HEARTBEAT_SECONDS` × `MISSED_HEARTBEATS`", beat * health.MISSED_HEARTBEATS,
         "From the last heartbeat of a worker process until health and metrics do not count it any more."),
        ("request_heard", "heartbeat", "`HEARTBEAT_SECONDS`", beat,
         "From a pause or cancel request until a worker that commits no step knows of it, at most."),
    ):  # fmt: skip
        where = places(settings).member("Settings", f"{setting}_seconds")
        yield _fact("timing", key, _words(key), summary, where, formula=formula, seconds=value, setting=setting)


def _constant(module: Any, name: str) -> Place:
    """Return where a constant is set; several may share a line."""
    line = next(number for number, text in enumerate(_lines(module), 1) if name in text.partition("=")[0])
    return places(module).at(line)


def _sample() -> Iterator[Fact]:
    """Yield the figures of the sample file; an installed service does not have its generator."""
    try:
        sample = import_module("sample_households")
    except ModuleNotFoundError:
        return
    where = places(sample).name("COUNTS")
    for key, value in sample.COUNTS.items():
        summary = f"What importing and geocoding the sample gives: {key.replace('_', ' ')}."
        yield _fact("sample", key, _words(key), summary, where, value=value)
