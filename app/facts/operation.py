"""What operators see and tune: the queue, log lines, metrics, health."""

import inspect
from collections.abc import Iterator

from app.api import streams
from app.facts.fact import Fact, enum, fact, words
from app.feed import change
from app.places import places
from app.queue import bullmq
from app.telemetry import events, health, metrics, tracing
from app.webhooks import model as webhook_model


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
    yield from enum("entry_state", bullmq.EntryState)
    yield from enum("stream_end", change.End)
    yield from enum("webhook_event", webhook_model.WebhookEvent)
    yield from enum("webhook_field", webhook_model.MessageField)
    yield from enum("delivery_state", webhook_model.DeliveryState)
    for retry in range(1, webhook_model.DELIVERY_POLICY.max_retries + 1):
        latest = webhook_model.DELIVERY_POLICY.delay(retry, 0).total_seconds()
        place = places(webhook_model).name("DELIVERY_POLICY")
        told = f"Wait before retry {retry} of a message to a webhook, at most."
        yield fact(
            "delivery_retry", f"DELIVERY_POLICY {retry}", f"Retry {retry}", told, place,
            order=retry, retry=retry, seconds=latest,
        )  # fmt: skip
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
