"""Where the store is: the options that every command takes, before it or behind it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from footfall.connect import connect
from footfall.counters.port import Store
from footfall.counters.tables import Tables

DEFAULT_STORE = "footfall.db"

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Options:
    """The store's location, and what its tables' names begin with."""

    store: str = DEFAULT_STORE
    table_prefix: str = ""

    @classmethod
    def of(cls, settings: Mapping[str, str | None]) -> "Options":
        """The options that were given, and the defaults of the others."""
        return cls(
            **{name: text for name, text in settings.items() if text is not None}
        )


def store_options(command: Command) -> Command:
    """Give a command `--store` and `--table-prefix`."""
    return _options(command, None, None)


def root_options(command: Command) -> Command:
    """Give them to the program itself; here, and only here, the environment counts.

    So a flag wins wherever it stands: one behind the command over one before it, and
    either over the environment.
    """
    return _options(command, "FOOTFALL_STORE", "FOOTFALL_TABLE_PREFIX")


def _options(
    command: Command, store_variable: str | None, prefix_variable: str | None
) -> Command:
    store = click.option(
        "--store",
        envvar=store_variable,
        metavar="STORE",
        help="File, :memory:, dynamodb: or dynamodb:URL; else FOOTFALL_STORE, else"
        f" {DEFAULT_STORE}.",
    )
    return store(prefix_option(command, prefix_variable))


def prefix_option(command: Command, variable: str | None = None) -> Command:
    """Give a command `--table-prefix` alone."""
    return click.option(
        "--table-prefix",
        envvar=variable,
        metavar="TEXT",
        help="What the tables' names begin with; else FOOTFALL_TABLE_PREFIX.",
    )(command)


def open_store(settings: Mapping[str, str | None], *, create: bool) -> Store:
    """Open the store that a command's own options, or those before it, name.

    It is closed when the command ends.

    Args:
        settings: The command's `store` and `table_prefix`.
        create: Whether a missing file is made: not by commands that only read.

    Raises:
        FootfallError: It cannot be opened; the message says what to do.
    """
    options = store_location(settings)
    client = connect(options.store, create=create, prefix=options.table_prefix)
    # Both kinds of client can be closed; the port has only what counting calls.
    click.get_current_context().call_on_close(client.close)  # type: ignore[attr-defined]
    return Store(client, Tables(options.table_prefix))


def store_location(settings: Mapping[str, str | None]) -> Options:
    """The options behind the command, else those before it."""
    before: Options = click.get_current_context().find_object(Options) or Options()
    return Options(
        before.store if settings["store"] is None else settings["store"],
        before.table_prefix
        if settings["table_prefix"] is None
        else settings["table_prefix"],
    )
