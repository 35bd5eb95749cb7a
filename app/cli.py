"""The command ``jobs``: the service, its workers, and what an operator does from a terminal."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel, ValidationError

from app.database.errors import DatabaseStartError
from app.problems import Problem
from app.queue.errors import QueueStartError
from app.schedules.commands import schedules
from app.settings import Settings, without_password

if TYPE_CHECKING:
    from app.auth.user import User

# What only some commands need is imported by them: web framework and database take longer to import than
# `jobs settings`, or the complaint about a misspelt option, takes to answer.

cli = typer.Typer(
    help="The reference job service.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

#: The exit status of a command that met something its caller can mend.
MISUSE = 2

#: Seconds that requests under way get to end when the service is stopped, before its jobs are brought to a boundary.
OPEN_REQUESTS_SECONDS = 5

#: Settings whose value is never shown.
_SECRET = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}


def main() -> None:
    """Run the command; problems that the caller can mend end with one line and status 2."""
    # What is imported stays. To look for garbage after every 700 objects takes a sixth of the time of a start.
    gc.set_threshold(50_000)
    try:
        cli()
    except (DatabaseStartError, QueueStartError) as error:
        sys.exit(_complain(str(error)))
    except Problem as problem:
        sys.exit(_complain(problem.detail))


def _complain(text: str) -> int:
    print(f"jobs: {text}", file=sys.stderr)  # noqa: T201 (this is a command's answer)
    return MISUSE


def _settings(**given: Any) -> Settings:
    """Read the settings; each that is wrong costs one line, and together they end the command."""
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for entry in error.errors():
            place = ".".join(str(part) for part in entry["loc"]).upper()
            hidden = not place or place.lower() in _SECRET
            value = "" if hidden else f" (it is {_shown(entry['input'])!r})"
            _complain(f"{place or 'settings'}: {entry['msg']}{value}")
        raise typer.Exit(MISUSE) from None
    return settings


def _checked(model: type[BaseModel], **given: str) -> None:
    """End the command when the API would refuse what was given; each fault costs one line, without the value."""
    from app.api.problems import field_errors

    try:
        model.model_validate(given)
    except ValidationError as error:
        for entry in field_errors({**entry, "loc": ("body", *entry["loc"])} for entry in error.errors()):
            _complain(f"{entry['field']}: {entry['message']}")
        raise typer.Exit(MISUSE) from None


def _logged(settings: Settings) -> Settings:
    """Send log lines where the settings say, from now on."""
    from app.telemetry.logging import configure

    configure(settings.log_format, settings.log_level)
    return settings


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; HOST when absent.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; PORT when absent.")] = None,
) -> None:
    """Serve the HTTP API, with workers and recovery in the same process."""
    settings = _logged(_settings(host=host, port=port))
    import uvicorn

    from app.main import create_app

    listener = _bind(settings.host, settings.port)
    app = create_app(settings)

    # The application is opened here and not by uvicorn, which answers a database that is away with a page of traceback.
    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # Streams do not end by themselves; the others get their time.
            app.state.feed.stop()
            await super().shutdown(sockets)

    server = Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=OPEN_REQUESTS_SECONDS,
        )
    )

    def stop() -> None:
        server.should_exit = True

    async def run() -> None:
        # For the time before and after uvicorn, which has handlers of its own and raises the signal again at its end.
        _on_stop(stop)
        async with app.router.lifespan_context(app):
            settle_in()
            await server.serve(sockets=[listener])

    _run(run())


def settle_in() -> None:
    """Spare what the start has made from later collections of garbage: it lives until the end.

    To look through it takes so long that those notice who are not answered meanwhile.
    """
    gc.collect()
    gc.freeze()


def _bind(host: str, port: int) -> socket.socket:
    """Take the port before anything is opened, so that a taken one costs one line."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sends at once (TCP_NODELAY) only where it reads that this is TCP. Without,
    # the kernel keeps the body of an answer back until the header is acknowledged: 40 ms for each request.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        _complain(f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port or PORT")
        raise typer.Exit(MISUSE) from None
    return listener


@cli.command()
def worker(
    count: Annotated[int | None, typer.Option(min=1, help="Jobs at the same time; WORKER_COUNT when absent.")] = None,
) -> None:
    """Run jobs in a process of its own, without the HTTP API."""
    settings = _logged(_settings(worker_count=count))
    if not settings.worker_count:
        _complain("WORKER_COUNT is 0, so this process would run nothing; give --count")
        raise typer.Exit(MISUSE)

    from app.handlers import REGISTRY
    from app.services import open_services, sampled

    async def work() -> None:
        stop = asyncio.Event()
        _on_stop(stop.set)
        async with open_services(settings, REGISTRY) as services, sampled(services):
            settle_in()
            await stop.wait()

    _run(work())


@cli.command(name="migrate")
def migrate_command() -> None:
    """Bring the database schema up to date; serve and worker do so by themselves."""
    settings = _logged(_settings())
    from app.database.connect import open_database
    from app.migrations import migrate

    async def run() -> None:
        async with open_database(settings) as database:
            await migrate(database.engine)

    _run(run())
    print("The schema is up to date.")  # noqa: T201 (this is a command's answer)


@cli.command()
def create_admin(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    password: Annotated[
        str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="ADMIN_PASSWORD",
                          help="Password; asked for when absent.")
    ],
) -> None:  # fmt: skip
    """Create an admin from the machine itself, also when the set-up over HTTP is closed."""
    settings = _logged(_settings())
    from app.api.schemas.user import SetUp
    from app.auth.accounts import open_accounts
    from app.auth.permissions import Role
    from app.jobs.model import Caller

    _checked(SetUp, name=name, password=password)

    async def run() -> None:
        async with open_accounts(settings) as accounts:
            await accounts.create(name, password, Role.ADMIN, caller=Caller.system("cli"))

    _run(run())
    print(f"{name} can sign in as admin now.")  # noqa: T201 (this is a command's answer)


@cli.command()
def set_password(
    name: Annotated[str, typer.Argument(help="Name of the user.")],
    password: Annotated[
        str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="NEW_PASSWORD",
                          help="New password; asked for when absent.")
    ],
) -> None:  # fmt: skip
    """Give a user a new password, from the machine itself; the user is signed out everywhere."""
    from app.api.schemas.user import ChangeUser

    _checked(ChangeUser, password=password)
    _change_user(name, password=password)
    print(f"{name} has a new password.")  # noqa: T201 (this is a command's answer)


@cli.command()
def change_user(
    name: Annotated[str, typer.Argument(help="Name of the user.")],
    role: Annotated[str | None, typer.Option(help="New role: viewer, operator or admin.")] = None,
    disabled: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Whether the user may not sign in any more.")
    ] = None,
) -> None:
    """Change the role of a user, disable or enable one, from the machine itself."""
    from app.auth.permissions import Role

    if role not in {None, *Role}:
        _complain(f"there is no role {role!r}; give {', '.join(Role)}")
        raise typer.Exit(MISUSE)
    user = _change_user(name, role=Role(role) if role else None, disabled=disabled)
    state = "may not sign in" if user.disabled_at else "may sign in"
    print(f"{user.name} is {user.role} and {state}.")  # noqa: T201 (this is a command's answer)


def _change_user(name: str, **changes: Any) -> "User":
    settings = _logged(_settings())
    from app.auth.accounts import open_accounts
    from app.jobs.model import Caller

    async def run() -> "User":
        async with open_accounts(settings) as accounts:
            user = await accounts.named(name)
            return await accounts.change(user.id, **changes, caller=Caller.system("cli"))

    return asyncio.run(run())


@cli.command()
def orphans(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is found.")] = False,
) -> None:
    """Find rows, queue entries and checkpoints that have lost their counterpart."""
    settings = _logged(_settings())
    from app.handlers import REGISTRY
    from app.queue.orphans import OrphanKind
    from app.services import open_services

    async def run() -> None:
        async with open_services(settings, REGISTRY, workers=False) as services:
            found = await services.orphans.find(limit=20)
            for orphan in found.items:
                print(orphan.kind.value, orphan.reference)  # noqa: T201 (this is a command's answer)
            counts = await services.orphans.fix(OrphanKind) if fix else found.counts
        for kind, count in counts.items():
            print(f"{'fixed' if fix else 'found'} {kind.value}: {count}")  # noqa: T201 (this is a command's answer)

    _run(run())


@cli.command()
def clear(
    status: Annotated[str, typer.Argument(help="How the jobs ended: completed, failed or cancelled.")],
    older_than_days: Annotated[int, typer.Option(min=0, help="Only those that ended at least so many days ago.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count them, and delete nothing.")] = False,
) -> None:
    """Delete jobs that have ended, with their audit trails and checkpoints."""
    from app.jobs.model import Caller
    from app.jobs.removal import Ended
    from app.jobs.states import TERMINAL, Status

    if status not in TERMINAL:
        _complain(f"{status!r} is not the end of a job; give {', '.join(one for one in Status if one in TERMINAL)}")
        raise typer.Exit(MISUSE)
    settings = _logged(_settings())
    from app.handlers import REGISTRY
    from app.services import open_services

    ended = Ended(Status(status), timedelta(days=older_than_days))

    async def run() -> None:
        async with open_services(settings, REGISTRY, workers=False) as services:
            if dry_run:
                print(f"would delete {await services.clearing.count(ended)}")  # noqa: T201 (this is a command's answer)
                return
            deleted = 0
            while (part := await services.clearing.clear(ended, caller=Caller.system("cli"), reason="cleared")).deleted:
                deleted += part.deleted
            print(f"deleted {deleted}")  # noqa: T201 (this is a command's answer)

    _run(run())


@cli.command()
def import_sessions(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON lines, one session each.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look at every line, count, and write nothing.")] = False,
) -> None:
    """Turn sessions of the older parser of plays into jobs that go on where the sessions stopped."""
    settings = _logged(_settings())
    from app.auth.store import UserStore
    from app.handlers import REGISTRY
    from app.plays.session import SessionFault
    from app.plays.session_import import SessionImport, SessionStore, Taken
    from app.services import open_services

    counts = dict.fromkeys([*(taken.value for taken in Taken), "refused"], 0)

    async def run() -> None:
        async with open_services(settings, REGISTRY, workers=False) as services:
            engine = services.database.engine
            store, users = SessionStore(engine, services.clock), UserStore(engine)
            sessions = SessionImport(
                store, services.reader, users, services.files, services.jobs, services.outbox, dry_run=dry_run
            )
            with file.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    if not line.strip():
                        continue
                    try:
                        became = (await sessions.take(line)).value
                    except SessionFault as fault:
                        became = "refused"
                        print(f"{file.name}:{number}: {fault}")  # noqa: T201 (this is a command's answer)
                    counts[became] += 1

    _run(run())
    told = ", ".join(f"{count} {became}" for became, count in counts.items())
    print(f"{'would be: ' if dry_run else ''}{told}")  # noqa: T201 (this is a command's answer)
    if counts["refused"]:
        raise typer.Exit(MISUSE)


cli.add_typer(schedules, name="schedules")


@cli.command(name="settings")
def show_settings() -> None:
    """Print every setting with its value; secrets are masked."""
    from rich.console import Console
    from rich.table import Column, Table

    settings = _settings()
    table = Table("Setting", Column("Value", overflow="fold"), "Meaning", box=None, pad_edge=False)
    for name, field in Settings.model_fields.items():
        table.add_row(name.upper(), _shown(getattr(settings, name)), field.description)
    # Values are printed as they are: rich would take `[…]` for a style and `:…:` for a picture.
    Console(markup=False, emoji=False).print(table)


def _shown(value: Any) -> str:
    """Return a setting's value for people: nothing when it is not set, and no password of an address."""
    return "" if value is None else without_password(str(value))


def _on_stop(stop: Callable[[], None]) -> None:
    """Call ``stop`` when the running process is asked to end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def _run(work: Coroutine[Any, Any, None]) -> None:
    with suppress(KeyboardInterrupt):
        asyncio.run(work)
