"""How a site's course looks on a terminal: figures, a plot, and lists side by side.

Everything is fitted to the terminal's width, from 40 letters to what there is; a name
that has no room ends in an ellipsis, a number is always whole.
"""

from collections.abc import Sequence
from datetime import date

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from footfall.cli.output import bars, console, escaped
from footfall.cli.plots import bar, columns, ticks
from footfall.cli.stats import Progress
from footfall.visits.dimensions import OTHER
from footfall.visits.report import ValueTotal
from footfall.visits.series import Breakdown, Course, Figure
from footfall.visits.site import Site
from footfall.web.labels import (
    PANELS,
    change_label,
    day_label,
    days_label,
    site_name,
    tick_label,
    value_label,
)

PLOT_LINES = 8
LIST_WIDTH_MIN = 36  # letters
LISTS_MAX = 4  # beside each other
_GAP = 3
_BAR_MAX = 14
_PLOT_WIDTH_MAX = 160
_CHANGE_MIN = 0.005  # what rounds to a percent
_YEAR_DAYS = 366  # past it a day without its year may be meant twice
_ELLIPSIS = "…"


def draw_course(progress: Progress) -> None:
    """Print a site's course."""
    shown = console()
    course = progress.course
    _heading(shown, progress.site, course.period.first, course.period.last)
    shown.print()
    _figures(shown, progress)
    shown.print()
    if any(point.visits for point in progress.points):
        _plot(shown, progress)
    else:
        shown.print(Text("No visits in these days.", style="dim"))
    blocks = [
        (dimension, found)
        for dimension, found in progress.breakdowns.items()
        if found.values
    ]
    _lists(shown, blocks)


def draw_values(
    site: Site, by: str, first: date, last: date, values: Sequence[ValueTotal]
) -> None:
    """Print the values of one breakdown."""
    shown = console()
    _heading(shown, site, first, last)
    shown.print()
    if not values:
        shown.print(Text(PANELS[by].none, style="dim"))
    bars([(value_label(by, each.value), each.visits) for each in values])
    for each in values:
        if each.folded:
            text = f"{each.value}: values that had no room of their own"
            shown.print(Text(text, style="dim"))


def _heading(shown: Console, site: Site, first: date, last: date) -> None:
    name = Text(escaped(site_name(site)), style="bold", overflow="fold")
    when = Text(f"{days_label(first, last)}, {site.timezone}", style="dim")
    if name.cell_len + when.cell_len + _GAP > shown.width:
        shown.print(name)
        shown.print(when)
        return
    line = Table.grid(expand=True)
    line.add_column()
    line.add_column(justify="right")
    line.add_row(name, when)
    shown.print(line)


def _figures(shown: Console, progress: Progress) -> None:
    course = progress.course
    figures = [_figure("visits", course.visits)]
    if "visitor" in progress.site.dimensions:
        figures.append(_figure("visitors", course.visitors))
    figures.append(Text.assemble((f"{progress.total:,}", "bold"), " in all"))
    gaps = _GAP * 2 * (len(figures) - 1)
    if sum(figure.cell_len for figure in figures) + gaps <= shown.width:
        shown.print(Text(" " * _GAP * 2).join(figures))
    else:
        for figure in figures:
            shown.print(figure)
    compared = _compared(course)
    if compared:
        shown.print(Text(compared, style="dim"))


def _figure(name: str, figure: Figure) -> Text:
    word = name.removesuffix("s") if figure.value == 1 else name
    text = Text.assemble((f"{figure.value:,}", "bold"), f" {word}")
    if figure.change is None:
        return text
    if abs(figure.change) < _CHANGE_MIN:
        return text.append(" ±0%", style="dim")
    arrow, color = ("▼", "red") if figure.change < 0 else ("▲", "green")
    return text.append(f" {arrow} {change_label(figure.change)}", style=color)


def _compared(course: Course) -> str:
    before = course.compared_with
    if before is None or (course.visits.change, course.visitors.change) == (None, None):
        return ""
    text = f"against {days_label(before.first, before.last)}"
    until = course.compared_until
    return f"{text}, both up to {until:%H:%M}" if until else text


def _plot(shown: Console, progress: Progress) -> None:
    numbers = [max(point.visits, 0) for point in progress.points]
    # The scale must be known to know what it leaves; it is no narrower than this.
    scale = len(f"{sum(numbers):,}")
    width = max(min(shown.width, _PLOT_WIDTH_MAX) - scale - 2, 8)
    plot = columns(numbers, width, PLOT_LINES)
    scale = len(f"{plot.most:,}")
    for index, line in enumerate(plot.lines):
        label = f"{plot.most:,}" if index == 0 else ""
        axis = "┤" if index == 0 else "│"
        text = Text(f"{label:>{scale}} {axis}", style="dim", no_wrap=True)
        shown.print(text.append(line.rstrip(), style="not dim green"))
    used = len(plot.lines[0])
    shown.print(Text(f"{'0':>{scale}} └{'─' * used}", style="dim", no_wrap=True))
    spans = [point.span for point in progress.points[:: plot.merged]]
    one_day = spans[0].first == spans[-1].first
    if progress.course.period.length > _YEAR_DAYS:
        labels = [day_label(span.first) for span in spans]
    else:
        labels = [tick_label(span, progress.unit, one_day=one_day) for span in spans]
    line = " " * (scale + 2) + ticks(labels, plot.slot, used)
    shown.print(Text(line, style="dim", no_wrap=True))
    if plot.merged > 1:
        note = f"each column is {plot.merged} {progress.unit}s"
        shown.print(Text(note, style="dim"))


def _lists(shown: Console, blocks: Sequence[tuple[str, Breakdown]]) -> None:
    beside = max(1, min(LISTS_MAX, (shown.width + _GAP) // (LIST_WIDTH_MIN + _GAP)))
    width = (shown.width - _GAP * (beside - 1)) // beside
    for start in range(0, len(blocks), beside):
        row = blocks[start : start + beside]
        grid = Table.grid(padding=(0, _GAP, 0, 0))
        for _ in row:
            grid.add_column(width=width, no_wrap=True)
        grid.add_row(*(_list(dimension, found, width) for dimension, found in row))
        shown.print()
        shown.print(grid)


def _list(dimension: str, found: Breakdown, width: int) -> Text:
    """A breakdown's first values: name, number, bar."""
    numbers = len(f"{max(found.most, found.other):,}")
    bar_width = min(max(width // 3, 4), _BAR_MAX)
    name_width = max(width - numbers - bar_width - 2, 4)
    lines = [Text(PANELS[dimension].title, style="bold")]
    for value in found.values:
        name = _fitted(escaped(value_label(dimension, value.value)), name_width)
        lines.append(
            Text.assemble(
                f"{name} {value.visits:>{numbers},} ",
                (bar(value.visits, found.most, bar_width), "green"),
            )
        )
    if found.other:
        name = _fitted(OTHER, name_width)
        lines.append(Text(f"{name} {found.other:>{numbers},}", style="dim"))
    more = found.found - len(found.values)
    if more > 0:
        lines.append(Text(f"and {more:,} more: --by {dimension}", style="dim"))
    return Text("\n").join(lines)


def _fitted(text: str, width: int) -> str:
    """The text in as many cells, padded or cut."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + _ELLIPSIS
