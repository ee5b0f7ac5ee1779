"""How a site that is watched looks: a large number, its minutes, what moved last.

Every line is cut at the screen's width and there are as many as the screen has, so that
each drawing lies exactly on the one before.
"""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from footfall.cli.output import escaped
from footfall.cli.plots import large, spark_line
from footfall.cli.watched import Watched
from footfall.visits.site import Site
from footfall.web.labels import site_name

_INDENT = "  "
_MINUTES_LABEL = "  visits a minute"


class View:
    """A watched site as rich draws it, at the size that the screen has then."""

    def __init__(self, site: Site, watched: Watched) -> None:
        self._site = site
        self._watched = watched

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        """All lines of the screen."""
        width, height = options.max_width, options.height or console.height
        lines = screen(self._site, self._watched, width, height)
        yield Text("\n").join(lines)


def screen(site: Site, watched: Watched, width: int, height: int) -> list[Text]:
    """The screen's lines, each at most as wide as it.

    Args:
        site: What is watched.
        watched: What was seen of it.
        width: The screen's, in letters.
        height: Its lines.
    """
    last = watched.last
    room = width - 2 * len(_INDENT)
    word = "visit" if last.total == 1 else "visits"
    lines = [
        Text(),
        Text(escaped(site_name(site)), style="bold"),
        Text(),
        *(Text(line, style="bold green") for line in _number(last.total, room)),
        Text(f"{word} in all", style="dim"),
        Text(),
        _facts(watched),
        Text(),
        _minutes(watched, room),
        Text(),
    ]
    lines += _changes(watched)
    lines = lines[: height - 1]
    lines += [Text()] * (height - 1 - len(lines))
    if watched.trouble:
        lines.append(Text(f"{watched.trouble}; watching on", style="bold red"))
    else:
        lines.append(Text("q ends", style="dim"))
    shown = [Text(_INDENT).append_text(line) for line in lines]
    for line in shown:
        line.truncate(width, overflow="ellipsis")
    return shown


def summary(site: Site, watched: Watched) -> str:
    """What stays on the terminal at the end."""
    total = watched.last.total
    word = "visit" if total == 1 else "visits"
    since = f"{watched.first.at:%H:%M:%S}"
    return f"{site_name(site)}: {total:,} {word}, {watched.added:,} since {since}"


def _number(number: int, width: int) -> tuple[str, ...]:
    """A number in large digits, or in a line where they have no room."""
    drawn = large(f"{number:,}")
    return drawn if len(drawn[0]) <= width else (f"{number:,}",)


def _facts(watched: Watched) -> Text:
    return Text.assemble(
        (f"{watched.last.today:,}", "bold"),
        ("  today      ", "dim"),
        (f"{watched.added:,}", "bold"),
        (f"  since {watched.first.at:%H:%M:%S}", "dim"),
    )


def _minutes(watched: Watched, width: int) -> Text:
    minutes = list(watched.minutes)
    room = max(width - len(_MINUTES_LABEL) - len(f"  {minutes[-1]:,}"), 4)
    return Text.assemble(
        (spark_line(minutes, room), "green"),
        (f"  {minutes[-1]:,}", "bold"),
        (_MINUTES_LABEL, "dim"),
    )


def _changes(watched: Watched) -> list[Text]:
    """What moved, a line for each page, the newest first."""
    if not watched.changes:
        return [Text("Nothing yet. A visit shows here as it is counted.", style="dim")]
    numbers = max(len(f"{change.added:+,}") for change in watched.changes)
    return [
        Text.assemble(
            (f"{change.at:%H:%M:%S}", "dim"),
            (f"  {added:>+{numbers},}  ", "green" if added > 0 else "red"),
            escaped(page),
        )
        for change in watched.changes
        for page, added in change.pages or (("", change.added),)
    ]
