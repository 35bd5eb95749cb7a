"""The command line, with Click."""

import textwrap
from pathlib import Path

import click
import uvicorn


@click.group()
def cli() -> None:
    """The gazette's own commands."""


@cli.command()
@click.option("--port", default=8000, show_default=True, help="The port to listen on.")
def serve(port: int) -> None:
    """Serve the gazette on this machine."""
    uvicorn.run("gazette.main:make_app", factory=True, port=port)


@cli.command()
@click.argument("notice", type=click.Path(exists=True, path_type=Path))
@click.option("--width", default=60, show_default=True, help="Characters on a line.")
def proof(notice: Path, width: int) -> None:
    """Show how a notice would look in print."""
    for line in textwrap.wrap(notice.read_text(encoding="utf-8"), width):
        click.echo(line)


if __name__ == "__main__":
    cli()
