"""What OpenTelemetry's SDK sees of a request and of the job that it makes."""

from datetime import timedelta
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from structlog.testing import capture_logs

from app.queue.engine import Delivery
from app.queue.feeder import Feeder
from app.telemetry import tracing
from app.workers.executor import Executor

pytestmark = pytest.mark.anyio

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture
def client(shared_client):
    return shared_client


@pytest.fixture
def spans(monkeypatch):
    """The spans that end from now on, as an operator's exporter gets them."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "TRACER", provider.get_tracer("jobs"))
    yield lambda: {span.name: span for span in exporter.get_finished_spans()}
    provider.shutdown()


async def attempt(app, job_id, run=1):
    services = app.state.services
    executor = Executor(
        worker_id="w", store=services.store, registry=services.registry, checkpoints=services.checkpoints,
        files=services.files, dispatch=services.outbox, gate=services.gate,
        feeder=Feeder(services.gate, services.outbox, limited=()), lease=timedelta(minutes=1),
    )  # fmt: skip
    await executor.consume(Delivery(UUID(job_id), run))


async def test_a_request_its_job_and_each_stage_of_it_are_one_trace(client, app, admin, new_job, spans):
    """P8-9: spans from the request over the queue to the stages, in the caller's own trace."""
    job = await new_job({**admin, **CALLER})
    await attempt(app, job["id"])
    found = spans()
    request, create, enqueue = found["POST /api/v1/jobs"], found["job create"], found["job enqueue"]
    ran, stage = found["job attempt"], found["job stage"]
    assert {f"{span.context.trace_id:032x}" for span in found.values()} == {TRACE}
    assert [span.parent.span_id for span in (create, enqueue, ran, stage)] == [
        request.context.span_id, create.context.span_id, create.context.span_id, ran.context.span_id,
    ]  # fmt: skip
    assert (request.kind, enqueue.kind, ran.kind) == (SpanKind.SERVER, SpanKind.PRODUCER, SpanKind.CONSUMER)
    assert request.attributes["http.response.status_code"] == 201
    assert (ran.attributes["job.id"], ran.attributes["job.outcome"]) == (job["id"], "complete")
    told = {name for span in found.values() for name in span.attributes}
    assert told == {name for kind in tracing.SPANS for name in kind.attributes}


async def test_a_handler_that_fails_makes_its_spans_errors(client, app, new_job, spans, monkeypatch):
    job = await new_job()
    monkeypatch.setattr(app.state.services.checkpoints, "save", _broken)
    await attempt(app, job["id"])
    ran = spans()["job attempt"]
    assert (ran.status.status_code, ran.attributes["job.outcome"]) == (StatusCode.ERROR, "fail")
    assert ran.events[0].attributes["exception.message"] == "a bug"


async def _broken(*_: object, **__: object) -> None:
    raise ValueError("a bug")


async def test_without_an_sdk_there_is_nothing_to_keep(client, app, admin, new_job):
    job = await new_job({**admin, **CALLER})
    row = await app.state.services.reader.get(UUID(job["id"]))
    assert row.trace_parent == CALLER["traceparent"], "the caller's own span is the nearest one"
    with capture_logs(processors=[tracing.traced]) as lines:
        await attempt(app, job["id"])
    assert {line["trace_id"] for line in lines} == {TRACE}
    assert {line["span_id"] for line in lines} == {CALLER["traceparent"].split("-")[2]}
