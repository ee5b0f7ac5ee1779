"""`footfall counters`: named counters, and count-downs that decide a contest."""

from typing import Any

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import note, say, table
from footfall.cli.values import whole_number
from footfall.counters import named
from footfall.counters.names import check_name


@click.group()
def counters() -> None:
    """Create, move and show named counters and count-downs."""


@counters.command()
@click.argument("name")
@click.option(
    "--value",
    type=whole_number,
    required=True,
    metavar="N",
    help="The number it starts with.",
)
@click.option(
    "--floor",
    type=whole_number,
    metavar="N",
    help="Makes it a count-down, from the value to this number.",
)
@store_options
def create(name: str, value: int, floor: int | None, **settings: Any) -> None:
    """Create the counter NAME; with --floor, a count-down.

    \b
    Examples:
      footfall counters create downloads --value 0
      footfall counters create first-100 --value 100 --floor 0
    """
    check_name(name)  # before a file is made for nothing
    store = open_store(settings, create=True)
    if floor is None:
        named.create_counter(store, name, value)
        say(f"created the counter {name} at {value}")
    else:
        named.create_countdown(store, name, value, floor)
        say(f"created the count-down {name} from {value} to {floor}")


@counters.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("amount", type=whole_number)
@click.option("--id", metavar="ID", help="What makes it count once.")
@store_options
def add(name: str, amount: int, id: str | None, **settings: Any) -> None:
    """Add AMOUNT to the counter NAME; once for each id, if one is given.

    \b
    Examples:
      footfall counters add downloads 1 --id order-7
      footfall counters add downloads -3
    """
    store = open_store(settings, create=False)
    added = named.add_to_counter(store, name, amount, id=id)
    table(("outcome", "counter", "value"), [(added.outcome, name, added.value)])


@counters.command(short_help="Claim a place of the count-down NAME for ID.")
@click.argument("name")
@click.argument("id")
@store_options
def claim(name: str, id: str, **settings: Any) -> None:
    """Claim a place of the count-down NAME for ID; again, the same answer.

    \b
    Example:
      footfall counters claim first-100 entrant-7
    """
    claimed = named.claim(open_store(settings, create=False), name, id=id)
    if claimed.won:
        cells = ("won", f"place {claimed.place}", f"{claimed.remaining} remaining")
    else:
        cells = ("lost", "no place", "0 remaining")
    table(("outcome", "place", "remaining"), [cells])


@counters.command()
@click.argument("name")
@store_options
def show(name: str, **settings: Any) -> None:
    """Show the counter NAME.

    \b
    Example:
      footfall counters show downloads
    """
    _table([named.show_counter(open_store(settings, create=False), name)])


@counters.command("list")
@store_options
def list_(**settings: Any) -> None:
    """List every counter and count-down.

    \b
    Example:
      footfall counters list --store visits.db
    """
    found = named.list_counters(open_store(settings, create=False))
    if not found:
        note(
            "no counter yet; create one with `footfall counters create NAME --value N`"
        )
    _table(found)


@counters.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_options
def delete(name: str, yes: bool, **settings: Any) -> None:
    """Delete the counter NAME; a count-down's claims go with it.

    \b
    Example:
      footfall counters delete first-100
    """
    store = open_store(settings, create=False)
    counter = named.show_counter(store, name)
    if not yes:
        click.confirm(f"Delete the {counter.kind} {name}?", abort=True)
    named.delete_counter(store, name)
    say(f"deleted {name}")


def _table(rows: list[named.NamedCounter]) -> None:
    table(
        ("name", "value", "kind", "from", "to"),
        [
            (each.name, each.value, each.kind, _text(each.start), _text(each.floor))
            for each in rows
        ],
    )


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
