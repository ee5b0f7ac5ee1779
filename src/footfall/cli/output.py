"""What a terminal shows: tables and bars by rich; plain lines where nobody looks.

Piped output has a line an entry, tabs between its columns and no colours, so that it
can be cut and sorted. What comes from outside is shown with its control characters
escaped: a page's name must not move somebody's cursor.
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console


def escaped(text: str) -> str:
    """The text on one line, with what is not printable as \\x escapes."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def say(text: str) -> None:
    """A line on standard output."""
    click.echo(escaped(text))


def program() -> str:
    """What starts this program again: "footfall" alone where the shell finds it."""
    called = sys.argv[0]
    if Path(called).name == "__main__.py":
        return "python -m footfall"
    return "footfall" if shutil.which("footfall") else called


def is_drawn() -> bool:
    """Whether somebody looks, on a terminal that has the letters of a plot."""
    return sys.stdout.isatty() and sys.stdout.encoding.lower().startswith("utf")


def note(text: str) -> None:
    """A line for a person, on standard error: a program's input has none of it."""
    click.echo(escaped(text), err=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows under their columns' names; numbers stand at the right."""
    if not is_drawn():
        for row in rows:
            say_cells(row)
        return
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        numeric = any(isinstance(row[number], int) for row in rows)
        # An address that is cut off cannot be copied.
        shown.add_column(
            column,
            justify="right" if numeric else "left",
            no_wrap=numeric,
            overflow="fold",
        )
    for row in rows:
        shown.add_row(*(Text(_cell(value)) for value in row))
    console().print(shown)


def bars(rows: Sequence[tuple[str, int]]) -> None:
    """Numbers as horizontal bars that fit the terminal's width."""
    if not is_drawn():
        for row in rows:
            say_cells(row)
        return
    from rich.bar import Bar
    from rich.table import Table
    from rich.text import Text

    screen = console()
    most = max((number for _, number in rows), default=0)
    shown = Table.grid(padding=(0, 1), expand=True)
    # The number is what must be seen; names and bars share what it leaves.
    shown.add_column(no_wrap=True, max_width=max(screen.width * 2 // 5, 10))
    shown.add_column(justify="right", no_wrap=True, min_width=len(f"{most:,}"))
    shown.add_column(ratio=1)
    for label, number in rows:
        bar = Bar(size=max(most, 1), begin=0, end=number, color="green")
        shown.add_row(Text(escaped(label)), Text(f"{number:,}"), bar)
    screen.print(shown)


def say_cells(row: Sequence[Any]) -> None:
    """One row for another program: tabs between the cells, numbers without commas."""
    click.echo("\t".join(escaped(str(value)) for value in row))


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else escaped(str(value))


def console() -> "Console":
    """The terminal, as rich draws on it."""
    from rich.console import Console

    found = Console(highlight=False)
    # Who wants no colours gets no bold and no dim letters either: plain text.
    return Console(highlight=False, color_system=None) if found.no_color else found
