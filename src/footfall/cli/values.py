"""What an argument may be: text in, a value out, or one line that says what it must be.

Stricter than Python's own: `int` takes "1_000" and digits of any script.
"""

import re
from datetime import date

import click

from footfall.visits.report import FIRST_DAY, LAST_DAY

PORT_MAX = 65_535

_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")  # the domain has its own, smaller limits
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def whole_number(text: str) -> int:
    """A whole number: "42", "-3"."""
    if not _WHOLE.fullmatch(text):
        raise click.BadParameter(f"{text!r} is not a whole number")
    return int(text)


def port_number(text: str) -> int:
    """A TCP port: "8080"; "0" is whichever is free."""
    if not _WHOLE.fullmatch(text) or not 0 <= int(text) <= PORT_MAX:
        raise click.BadParameter(f"{text!r} is not a port: 0 to {PORT_MAX}")
    return int(text)


def day(text: str) -> date:
    """A calendar's day: "2026-11-24"."""
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:  # a 31st of November
        found = None
    if found is None or not FIRST_DAY <= found <= LAST_DAY:
        raise click.BadParameter(
            f"{text!r} is not a day from {FIRST_DAY} to {LAST_DAY}; for example"
            " 2026-11-24"
        )
    return found
