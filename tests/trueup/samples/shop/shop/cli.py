import typer
cli = typer.Typer()

@cli.command()
def seed(count: int = 10):
    """Fill the shop with articles."""

@cli.command()
def export(path: str, pretty: bool = False):
    """Write all articles to a file."""
