"""What operators see and tune: the queue, log lines, metrics, health."""

import inspect
from collections.abc import Iterator

from app.api import streams
from app.facts.fact import Fact, enum, fact, words
from app.feed import change
from app.places import places
from app.queue import bullmq
from app.telemetry import events, health, metrics, tracing


def collect_queue() -> Iterator[Fact]:
    """Yield what the service asks of its queue."""
    for scope, table, defaults in (
        ("entry", "ENTRY_DEFAULTS", bullmq.ENTRY_DEFAULTS),
        ("worker", "WORKER_DEFAULTS", bullmq.WORKER_DEFAULTS),
    ):
        for order, default in enumerate(defaults):
            yield fact(
                "queue_default",
                default.name,
                default.name,
                default.reason,
                places(bullmq).row(table, order),
                order=order,
                scope=scope,
                value=default.value,
            )


def collect_telemetry() -> Iterator[Fact]:
    """Yield log lines, metrics, spans and the reasons for being unhealthy."""
    for order, (event, line) in enumerate(events.LOG_LINES.items()):
        yield fact(
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
        yield fact(
            "metric",
            kind.name,
            kind.name,
            kind.help,
            places(metrics).name(constants[id(kind)]),
            order=order,
            labels=list(kind.labels),
            type=kind.type.value,
            **({"buckets": list(kind.bounds)} if kind.bounds else {}),
        )
    spans = {id(value): name for name, value in vars(tracing).items() if isinstance(value, tracing.SpanType)}
    for order, span in enumerate(tracing.SPANS):
        yield fact(
            "span",
            span.name,
            span.name,
            span.meaning,
            places(tracing).name(spans[id(span)]),
            order=order,
            type=span.kind.name.lower(),
            attributes=list(span.attributes),
            names=list(span.attributes),
        )
    yield from enum("health_reason", health.Reason)
    yield from enum("stream_end", change.End)
    for order, (name, body) in enumerate(streams.MESSAGES.items()):
        meaning = " ".join((inspect.getdoc(body) or "").split()).partition(": ")[2]
        where = places(streams).row("MESSAGES", order)
        yield fact(
            "stream_message",
            name,
            words(name),
            meaning[0].upper() + meaning[1:],
            where,
            order=order,
            data=body.__name__,
        )
