"""A testbed: one fresh service for a check that drives it by itself, with the variables that a scenario exports."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trueup.config import Config
from trueup.errors import TrueupError
from trueup.examples.stage import Stage
from trueup.seed import Seeds
from trueup.service import Ports, Service, start


@dataclass(frozen=True)
class Testbed:
    """A running service, and the environment of those who work with it."""

    service: Service
    variables: Mapping[str, str]


@contextmanager
def open_testbed(
    config: Config, root: Path, scratch: Path, key: str, scenario: str = "", env: Mapping[str, str] | None = None
) -> Iterator[Testbed]:
    """Start a service below `scratch`, source `scenario` (none when empty), and stop it at the end.

    `key` is the configuration key of the check, for errors. Raises `TrueupError` when no service is configured, it does
    not start, or the scenario fails.
    """
    if config.service is None:
        raise TrueupError(f"tool.trueup.{key} needs a live service, but tool.trueup.service is not set; add it")
    ports = Ports()
    seeds = Seeds(config, root, scratch, ports)
    folder = scratch / key
    seeds.copy(seeds.ensure(), folder)
    service = start(config.service, config.timeouts, root=root, folder=folder, ports=ports, env=env)
    try:
        yield Testbed(service, _variables(config, root, scratch, service, key, scenario))
    finally:
        service.stop()


def _variables(
    config: Config, root: Path, scratch: Path, service: Service, key: str, scenario: str
) -> Mapping[str, str]:
    if not scenario:
        return service.variables
    file = root / (config.scenarios or "") / f"{scenario}.sh"
    if config.scenarios is None or not file.is_file():
        raise TrueupError(f"tool.trueup.{key}.scenario: {scenario!r}: no such scenario; see scenarios")
    stage = Stage("scenario", scratch / "scenario", lambda: service)
    try:
        outcome = stage.source(file, config.timeouts.block)
        if not outcome.ok:
            why = outcome.describe(config.timeouts.block)
            raise TrueupError(f"tool.trueup.{key}.scenario: {file.name} {why}; its output:\n{outcome.output}")
        return dict(stage.variables)
    finally:
        stage.close()
