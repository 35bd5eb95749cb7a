"""Consumers: what reads a file of some kind in earnest, by the name that a page or the configuration gives it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from trueup.config import Config
from trueup.facts import closest
from trueup.verify import env, prometheus, site, systemd
from trueup.verify.schemas import Schemas, file_faults
from trueup.verify.verdict import Fault, Sample


@dataclass(frozen=True)
class Means:
    """What consumers need of the project: its settings models, and the schemas of its OpenAPI document."""

    models: Sequence[Any]
    schemas: Schemas


Consumer = Callable[[Sample, Any, Means], Iterable[Fault]]
"""Takes the block, its parsed value and the means, and answers what is wrong."""


def _settings(_sample: Sample, value: Any, means: Means) -> Iterable[Fault]:
    return env.mapping_faults(value, means.models)


def _prometheus(sample: Sample, value: Any, _means: Means) -> Iterable[Fault]:
    return prometheus.config_faults(sample.source, value, sample.facts)


def _rules(sample: Sample, value: Any, _means: Means) -> Iterable[Fault]:
    return prometheus.rules_faults(sample.source, value, sample.facts)


def _systemd(sample: Sample, _value: Any, means: Means) -> Iterable[Fault]:
    return systemd.faults(sample.source, means.models, sample.facts)


def _mkdocs(sample: Sample, _value: Any, _means: Means) -> Iterable[Fault]:
    return site.faults(sample.source)


def _trueup(_sample: Sample, value: Any, _means: Means) -> Iterable[Fault]:
    section = value.get("tool", {}).get("trueup") if isinstance(value, Mapping) else None
    if not isinstance(section, Mapping):
        yield Fault("block has no [tool.trueup]")
        return
    try:
        Config.model_validate(section)
    except ValidationError as error:
        for entry in error.errors(include_url=False):
            yield Fault(f"tool.trueup.{'.'.join(map(str, entry['loc']))}: {entry['msg']}")


CONSUMERS: Mapping[str, Consumer] = MappingProxyType(
    {
        "settings": _settings,
        "prometheus": _prometheus,
        "rules": _rules,
        "systemd": _systemd,
        "mkdocs": _mkdocs,
        "trueup": _trueup,
    }
)
"""The consumers that trueup knows; `schema:NAME` and `schema:FILE.json` besides."""


def consume(name: str, sample: Sample, value: Any, means: Means) -> Iterable[Fault]:
    """What the consumer of this name says against a block whose value is `value`."""
    if name.startswith("schema:"):
        schema, what = name.removeprefix("schema:"), f"{sample.language} block"
        if schema.endswith(".json"):
            return file_faults(sample.root, schema, value, what)
        return means.schemas.faults(schema, value, what)
    if name not in CONSUMERS:
        close = closest(name, CONSUMERS)
        mend = f"did you mean {close}?" if close else f"there are {', '.join(CONSUMERS)} and schema:NAME"
        return [Fault(f"unknown consumer {name}", code="block-attribute", mend=mend)]
    return CONSUMERS[name](sample, value, means)
