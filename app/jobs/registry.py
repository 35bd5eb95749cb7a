"""A job type: everything that is to know about it, in one place."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from app.jobs.context import Context
from app.jobs.files import FileStore
from app.jobs.limits import Limits
from app.jobs.retry import RetryPolicy
from app.problems import UnknownJobType

#: What can be asked of a payload only here and now, such as whether a file exists. It raises a Problem.
PayloadCheck = Callable[[Any, FileStore], None]

#: What a stage does: it gets the context and returns its result, plain JSON values, which becomes its checkpoint.
StageRun = Callable[[Context], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True)
class Stage:
    """One step of a job type. A finished stage is never run again for the same job."""

    name: str
    label: str
    run: StageRun


@dataclass(frozen=True)
class JobType:
    """A kind of job: its payload, its stages in order, how it is retried, and what limits it.

    ``example`` is a payload that validates; documentation and the OpenAPI document show it. ``check``, if there is one,
    looks at a valid payload once more before the job is created. ``sensitive`` names the members of a payload that only
    those see who may control the job, such as ``filters.zip``.
    """

    name: str
    label: str
    summary: str
    payload: type[BaseModel]
    stages: tuple[Stage, ...]
    example: Mapping[str, Any]
    aliases: tuple[str, ...] = ()
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    limits: Limits = field(default_factory=Limits)
    check: PayloadCheck | None = None
    sensitive: tuple[str, ...] = ()

    def stage(self, name: str) -> Stage:
        """Return the stage called ``name``; KeyError when there is none."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)


class Registry(Mapping[str, JobType]):
    """The job types that this service knows, by canonical name; ``resolve`` takes aliases too."""

    def __init__(self, types: Iterable[JobType]) -> None:
        self._types: dict[str, JobType] = {}
        self._names: dict[str, str] = {}
        for job_type in types:
            self._types[job_type.name] = job_type
            for name in (job_type.name, *job_type.aliases):
                if name in self._names:
                    raise ValueError(f"job type {job_type.name}: the name {name} is taken by {self._names[name]}")
                self._names[name] = job_type.name

    def __getitem__(self, name: str) -> JobType:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    @property
    def names(self) -> Mapping[str, str]:
        """Every accepted name, aliases included, with the canonical one that it stands for."""
        return MappingProxyType(self._names)

    @property
    def limited(self) -> list[str]:
        """The types of which a job may have to wait although a worker is free."""
        return [name for name, kind in self._types.items() if kind.limits.gated]

    def label(self, name: str) -> str:
        """Return the name for people of a job type; of one that this process does not know, the name itself."""
        return self._types[name].label if name in self._types else name

    def stage_label(self, name: str, stage: str) -> str:
        """Return the name for people of a stage of the type ``name``; of one that is not known, its name."""
        known = self._types[name].stages if name in self._types else ()
        return next((one.label for one in known if one.name == stage), stage)

    def resolve(self, name: str) -> JobType:
        """Return the type called ``name`` (canonical or alias).

        Raises:
            UnknownJobType: no type has this name; the message lists the known ones.
        """
        try:
            return self._types[self._names[name]]
        except KeyError:
            raise UnknownJobType(f"There is no job type {name!r}. Known types: {', '.join(self._types)}.") from None
