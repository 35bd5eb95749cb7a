"""The command line of the library."""

import typer

cli = typer.Typer()


@cli.command()
def desk(
    seats: int = typer.Option(3, min=1, help="Readers served at once."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Say nothing."),
) -> None:
    """Open the desk."""


@cli.command()
def remind(day: str = typer.Argument(..., help="The day.")) -> None:
    """Send reminders."""
