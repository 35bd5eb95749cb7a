"""Spans of OpenTelemetry: from a request to the stages of the job that it made.

Only its API is needed here. Until an operator configures the SDK, spans are made by an API that does nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue
from structlog.typing import EventDict

#: Attributes of a span, by name.
Attributes = Mapping[str, AttributeValue]

#: Who makes the spans; without an SDK it makes none.
TRACER = trace.get_tracer("jobs")

_PARENT = "traceparent"
_W3C = TraceContextTextMapPropagator()


@dataclass(frozen=True)
class SpanType:
    """What a span is about, and which attributes it may carry."""

    name: str
    kind: SpanKind
    meaning: str
    attributes: tuple[str, ...] = ()


REQUEST = SpanType(
    "METHOD route",
    SpanKind.SERVER,
    "One request to the API; it belongs to the caller's trace when the header `traceparent` names one.",
    ("http.request.method", "http.route", "url.path", "http.response.status_code", "request.id"),
)
CREATE = SpanType(
    "job create", SpanKind.INTERNAL, "A job is checked and its row is written.", ("job.id", "job.type", "job.priority")
)
ENQUEUE = SpanType(
    "job enqueue",
    SpanKind.PRODUCER,
    "Jobs are handed to the queue.",
    ("messaging.system", "messaging.batch.message_count"),
)
ATTEMPT = SpanType(
    "job attempt",
    SpanKind.CONSUMER,
    "A worker runs a job, from its claim to its end or interruption; part of the trace in which the job was made.",
    ("job.id", "job.type", "job.run", "job.outcome", "worker.id"),
)
STAGE = SpanType("job stage", SpanKind.INTERNAL, "One stage of an attempt.", ("job.stage", "job.resumed"))

#: Every span, from the outermost to the innermost.
SPANS: tuple[SpanType, ...] = (REQUEST, CREATE, ENQUEUE, ATTEMPT, STAGE)


@contextmanager
def span(
    type: SpanType,
    attributes: Attributes,
    *,
    name: str = "",
    within: Context | None = None,
    expected: tuple[type[Exception], ...] = (),
) -> Iterator[Span]:
    """Open a span of ``type``; an exception that is not ``expected`` makes it an error, and goes on.

    ``within``: the context of its parent; None: the span that is open now, if any.
    """
    with TRACER.start_as_current_span(
        name or type.name,
        within,
        type.kind,
        dict(attributes),
        record_exception=False,
        set_status_on_exception=False,
    ) as opened:
        try:
            yield opened
        except expected:
            raise
        except Exception as error:
            fail(opened, error)
            raise


def current() -> Span:
    """Return the innermost open span; one that ignores everything when there is none."""
    return trace.get_current_span()


def fail(span: Span, error: BaseException) -> None:
    """Say of a span that it ended with ``error``."""
    span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))


def parent() -> str | None:
    """Return the present span in the form of the header `traceparent`, to be kept; None: there is none."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get(_PARENT)


def within(kept: str | None) -> Context:
    """Return the context of a span that ``parent`` told, or one without a parent."""
    return _W3C.extract({_PARENT: kept} if kept else {}, Context())


def within_request(headers: Mapping[str, str]) -> Context:
    """Return the context that a caller names in its headers, by the propagators that the operator has chosen."""
    return propagate.extract(headers, Context())


def traced(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Add the present trace and span to a log line."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"] = trace.format_trace_id(context.trace_id)
        line["span_id"] = trace.format_span_id(context.span_id)
    return line
