"""`footfall cost`: write units, requests and dollars, measured and not guessed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, TypeVar

import click

from footfall.cli.measured import Mode, measured_modes
from footfall.cli.output import is_drawn, note, say, table
from footfall.cli.prices import FUNCTION_GB, FUNCTION_MS, REGION, STUDIED, Prices
from footfall.cli.values import whole_number

MILLION = 1_000_000
_DEFAULT = Prices()


Command = TypeVar("Command", bound=Callable[..., Any])


def _price(option: str, default: float, help: str) -> Callable[[Command], Command]:
    return click.option(
        option,
        type=click.FloatRange(min=0),
        default=default,
        show_default=True,
        metavar="DOLLARS",
        help=help,
    )


@click.command(short_help="Say what visits cost on AWS, in each way of counting.")
@click.option(
    "--visits",
    type=whole_number,
    default=str(MILLION),
    show_default=True,
    metavar="N",
    help="How many visits to price.",
)
@_price("--price-write", _DEFAULT.write, "A million write request units.")
@_price("--price-read", _DEFAULT.read, "A million read request units.")
@_price("--price-api", _DEFAULT.api, "A million requests to an HTTP API.")
@_price("--price-lambda", _DEFAULT.invocation, "A million requests to a function.")
@_price("--price-gb-second", _DEFAULT.gb_second, "A function's GB for a second.")
@click.option(
    "--lambda-ms",
    type=click.FloatRange(min=0),
    default=FUNCTION_MS,
    show_default=True,
    metavar="MS",
    help="What your function's log says that a visit takes.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def cost(visits: int, lambda_ms: float, as_json: bool, **prices: float) -> None:
    """Measure what visits consume on DynamoDB, and price it.

    Each way of counting is run on the embedded engine, which reports consumed capacity
    as DynamoDB does. A server's machine is not in the price.

    \b
    Examples:
      footfall cost --visits 1000000
      footfall cost --visits 50000 --price-write 0.7 --json
    """
    if visits < 0:
        raise click.BadParameter("must be 0 or more", param_hint="--visits")
    given = Prices(
        write=prices["price_write"],
        read=prices["price_read"],
        api=prices["price_api"],
        invocation=prices["price_lambda"],
        gb_second=prices["price_gb_second"],
    )
    rows = list(_rows(visits, given, lambda_ms))
    if as_json:
        say(json.dumps({"visits": visits, "prices": asdict(given), "modes": rows}))
        return
    if is_drawn():
        note(f"{visits:,} visits, in dollars; {REGION}, prices studied {STUDIED}")
    columns = ("way", "write units", "read units", "requests", "dollars")
    table(
        columns,
        [
            (
                row["mode"],
                round(row["write_units"]),
                round(row["read_units"]),
                round(row["requests"]),
                f"{row['dollars']:.2f}",
            )
            for row in rows
        ],
    )


def dollars(mode: Mode, visits: int, prices: Prices, lambda_ms: float) -> float:
    """What so many visits cost in a way of counting."""
    a_million = mode.write_units * prices.write + mode.read_units * prices.read
    if mode.on_lambda:
        a_million += prices.api + prices.invocation
        a_million += MILLION * FUNCTION_GB * lambda_ms / 1000 * prices.gb_second
    return visits / MILLION * a_million


def _rows(visits: int, prices: Prices, lambda_ms: float) -> Iterator[dict[str, Any]]:
    for mode in measured_modes():
        yield {
            "mode": mode.name,
            "write_units": round(mode.write_units * visits, 2),
            "read_units": round(mode.read_units * visits, 2),
            "requests": round(mode.requests * visits, 2),
            "dollars": round(dollars(mode, visits, prices, lambda_ms), 4),
        }
