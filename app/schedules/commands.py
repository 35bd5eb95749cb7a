"""The commands ``jobs schedules …``: what an operator does to schedules from a terminal."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.problems import InvalidRequest
from app.settings import Settings

if TYPE_CHECKING:
    from app.schedules.model import Schedule
    from app.services import Services

# What opens the service is imported by the commands: it takes longer than the complaint about a misspelt option.

schedules = typer.Typer(help="See, create and change schedules.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(help="Name of the schedule.")]


def _with_services(work: Callable[["Services"], Awaitable[None]]) -> None:
    from app.handlers import REGISTRY
    from app.services import open_services
    from app.telemetry.logging import configure

    settings = Settings()
    configure(settings.log_format, settings.log_level)

    async def run() -> None:
        async with open_services(settings, REGISTRY, workers=False) as services:
            try:
                await work(services)
            except InvalidRequest as problem:
                # Over HTTP, the fields are in the body of the answer; here they belong into the one line.
                told = "; ".join(f"{error['field']}: {error['message']}" for error in problem.extra.get("errors", []))
                raise InvalidRequest(told or problem.detail) from None

    asyncio.run(run())


async def _named(services: "Services", name: str) -> "Schedule":
    from app.problems import ScheduleNotFound

    for schedule in await services.schedules.all():
        if schedule.name == name:
            return schedule
    raise ScheduleNotFound(f"There is no schedule called {name!r}.")


def _line(schedule: "Schedule") -> str:
    when = f"{schedule.cron} {schedule.time_zone}" if schedule.cron else f"every {schedule.interval_seconds} s"
    following = f"{schedule.next_at:%Y-%m-%dT%H:%M:%SZ}" if schedule.next_at else "disabled"
    error = f"  {schedule.last_error}" if schedule.last_error else ""
    return f"{schedule.name}  {schedule.type}  {when}  {following}{error}"


def _print(text: str) -> None:
    print(text)  # noqa: T201 (this is a command's answer)


@schedules.command(name="list")
def list_schedules() -> None:
    """Print every schedule: its name, job type, timing, next tick, and what was wrong with the newest."""

    async def work(services: "Services") -> None:
        for schedule in await services.schedules.all():
            _print(_line(schedule))

    _with_services(work)


@schedules.command()
def create(
    name: Named,
    type: Annotated[str, typer.Argument(help="Type of its jobs.")],
    data: Annotated[str, typer.Option(help="Payload of its jobs, as JSON.")] = "{}",
    cron: Annotated[str | None, typer.Option(help="Minute, hour, day of the month, month, day of the week.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="Time zone of --cron, by its IANA name.")] = None,
    every: Annotated[int | None, typer.Option(min=1, help="Seconds between two ticks, instead of --cron.")] = None,
    catch_up: Annotated[str, typer.Option(help="What becomes of missed ticks: skip, once or all.")] = "skip",
) -> None:
    """Create a schedule that belongs to the service itself."""
    from app.jobs.model import Caller
    from app.schedules.model import CatchUp

    try:
        payload: Any = json.loads(data)
        policy = CatchUp(catch_up)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"is no JSON: {error}", param_hint="--data") from None
    except ValueError:
        raise typer.BadParameter(f"give one of {', '.join(CatchUp)}", param_hint="--catch-up") from None
    if not isinstance(payload, dict):
        raise typer.BadParameter("is no JSON object", param_hint="--data")

    async def work(services: "Services") -> None:
        made = await services.schedules.create(
            name=name,
            type=type,
            data=payload,
            caller=Caller.system("cli"),
            created_by=None,
            cron=cron,
            time_zone=time_zone,
            interval_seconds=every,
            catch_up=policy,
        )
        _print(_line(made))

    _with_services(work)


@schedules.command()
def enable(name: Named) -> None:
    """Let a schedule tick, from now on."""
    _switch(name, enabled=True)


@schedules.command()
def disable(name: Named) -> None:
    """Stop the ticks of a schedule; what is missed is not made up for."""
    _switch(name, enabled=False)


def _switch(name: str, *, enabled: bool) -> None:
    from app.jobs.model import Caller

    async def work(services: "Services") -> None:
        found = await _named(services, name)
        _print(_line(await services.schedules.change(found.id, {"enabled": enabled}, caller=Caller.system("cli"))))

    _with_services(work)


@schedules.command()
def run(name: Named) -> None:
    """Create a job of a schedule now."""
    from app.jobs.model import Caller

    async def work(services: "Services") -> None:
        found = await _named(services, name)
        _print(str((await services.schedules.run(found.id, caller=Caller.system("cli"))).id))

    _with_services(work)


@schedules.command()
def delete(name: Named) -> None:
    """Delete a schedule; its jobs stay."""
    from app.jobs.model import Caller

    async def work(services: "Services") -> None:
        await services.schedules.delete((await _named(services, name)).id, caller=Caller.system("cli"))
        _print(f"{name} is deleted.")

    _with_services(work)
