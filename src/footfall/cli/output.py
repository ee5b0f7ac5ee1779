"""What a terminal shows: tables and bars by rich; plain lines where nobody looks.

Piped output has a line an entry, tabs between its columns and no colours, so that it
can be cut and sorted. What comes from outside is shown with its control characters
escaped: a page's name must not move somebody's cursor.
"""

import sys
from collections.abc import Sequence
from typing import Any

import click


def escaped(text: str) -> str:
    """The text on one line, with what is not printable as \\x escapes."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def say(text: str) -> None:
    """A line on standard output."""
    click.echo(escaped(text))


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows under their columns' names; numbers stand at the right."""
    if not sys.stdout.isatty():
        for row in rows:
            say_cells(row)
        return
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        numeric = bool(rows) and isinstance(rows[0][number], int)
        shown.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        shown.add_row(*(Text(_cell(value)) for value in row))
    _console().print(shown)


def bars(rows: Sequence[tuple[str, int]]) -> None:
    """Numbers as horizontal bars that fit the terminal's width."""
    if not sys.stdout.isatty():
        for row in rows:
            say_cells(row)
        return
    from rich.bar import Bar
    from rich.table import Table
    from rich.text import Text

    most = max((number for _, number in rows), default=0)
    shown = Table.grid(padding=(0, 1), expand=True)
    shown.add_column(no_wrap=True, max_width=40)
    shown.add_column(justify="right", no_wrap=True)
    shown.add_column(ratio=1)
    for label, number in rows:
        bar = Bar(size=max(most, 1), begin=0, end=number, color="green")
        shown.add_row(Text(escaped(label)), Text(f"{number:,}"), bar)
    _console().print(shown)


def say_cells(row: Sequence[Any]) -> None:
    """One row for another program: tabs between the cells, numbers without commas."""
    click.echo("\t".join(escaped(str(value)) for value in row))


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else escaped(str(value))


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)
