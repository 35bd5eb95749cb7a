"""Job types with their stages, and how they are retried."""

import inspect
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from app.facts.fact import Fact, fact, lines
from app.handlers import REGISTRY
from app.jobs import retry as retries
from app.places import places


def collect_job_types() -> Iterator[Fact]:
    """Yield job types, stages, the delays before their retries, and the errors that are worth one."""
    for order, kind in enumerate(REGISTRY.values()):
        module = sys.modules[f"app.handlers.{kind.name}"]
        # The declaration is the line that names the type.
        line = next(
            number
            for number, text in enumerate(lines(module), 1)
            if text.strip() in {f'name="{kind.name}",', f'"{kind.name}",'}
        )
        yield fact(
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
            concurrency=kind.limits.concurrency,
            rate_starts=kind.limits.rate.starts if kind.limits.rate else None,
            rate_seconds=kind.limits.rate.seconds if kind.limits.rate else None,
            attempt_seconds=kind.limits.attempt_seconds,
            payload=kind.payload.__name__,
            sensitive=list(kind.sensitive),
            example=dict(kind.example),
        )
        for number, stage in enumerate(kind.stages):
            found = [at for at, text in enumerate(lines(module), 1) if f'Stage("{stage.name}"' in text]
            yield fact(
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
            yield fact(
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
        yield fact(
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
