"""`footfall tables`: the tables on DynamoDB, which nothing makes silently."""

from typing import Any

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import say
from footfall.connect import create_tables


@click.group()
def tables() -> None:
    """Set up the tables that Footfall needs."""


@tables.command()
@store_options
def create(**settings: Any) -> None:
    """Create the tables that the store lacks.

    Those that are there stay as they are. Run it again if it was interrupted.

    \b
    Example:
      footfall tables create --store dynamodb:
    """
    made = create_tables(open_store(settings, create=True))
    for name in made:
        say(f"created {name}")
    if not made:
        say("all tables are there")
