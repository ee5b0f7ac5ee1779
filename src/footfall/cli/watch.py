"""`footfall watch`: a site's number while it moves, until q or Ctrl+C.

The store is asked, not a server, so it works on every store, and beside any server that
counts in it. On a terminal the number is drawn and redrawn in place; elsewhere there is
a line for each page that moved, or a JSON document on one line for each change.
"""

import json
import os
import re
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import console, is_drawn, note, say, say_cells
from footfall.cli.watched import Change, Look, Pages, Watched
from footfall.counters.port import Store
from footfall.errors import FootfallError, SiteNotFoundError
from footfall.visits.report import daily, top, total
from footfall.visits.site import Site
from footfall.visits.sites import load_sites

INTERVAL_SECONDS_MIN, INTERVAL_SECONDS_MAX = 0.1, 3_600.0
PAGES_MAX = 100_000  # all that a day's items can hold

_QUIT_KEYS = frozenset(b"qQ\x04\x1b")  # with Ctrl+D and Escape
# Arrows and function keys begin with Escape and may end in a Q (ECMA-48, 5.4).
_OTHER_KEYS = re.compile(rb"\x1b[\[O][0-?]*[ -/]*[@-~]")
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command(short_help="Show the number of the site at URL as it moves.")
@click.argument("url")
@click.option(
    "--interval",
    type=click.FloatRange(INTERVAL_SECONDS_MIN, INTERVAL_SECONDS_MAX),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How often the store is asked.",
)
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each change.")
@store_options
def watch(url: str, interval: float, as_json: bool, **settings: Any) -> None:
    """Show the number of the site at URL as it moves.

    On a terminal it is drawn, with today's visits, the visits of each minute and the
    pages that moved; q or Ctrl+C ends it. In a pipe there is a line for each change.

    \b
    Examples:
      footfall watch example.com
      footfall watch example.com --interval 5
      footfall watch example.com --json | while read -r change; do ...; done
    """
    store = open_store(settings, create=False)
    site = load_sites(store).named(url)
    watched = Watched(_first_look(store, site))
    with _stop_signals() as stop_signals, suppress(KeyboardInterrupt):
        if not as_json and is_drawn() and not console().is_dumb_terminal:
            _draw(store, site, watched, interval, stop_signals)
        else:
            _tell(store, site, watched, interval, stop_signals, as_json)


def _draw(
    store: Store, site: Site, watched: Watched, interval: float, stop_signals: int
) -> None:
    from rich.live import Live

    from footfall.cli.watch_view import View, summary

    view = View(site, watched)
    live = Live(view, console=console(), screen=True, auto_refresh=False)
    with _keys() as keys, live:
        while not _ends_within(interval, stop_signals, keys):
            _look(store, site, watched)
            live.refresh()
    say(summary(site, watched))


def _tell(
    store: Store,
    site: Site,
    watched: Watched,
    interval: float,
    stop_signals: int,
    as_json: bool,
) -> None:
    """A line for each change, beginning with the number as it stands."""
    _say_change(watched, Change(watched.first.at, 0, ()), as_json)
    was_away = False
    while not _ends_within(interval, stop_signals, None):
        change = _look(store, site, watched)
        if change is not None:
            _say_change(watched, change, as_json)
        if watched.trouble and not was_away:
            note(f"footfall: {watched.trouble}; watching on")
        was_away = bool(watched.trouble)


def _say_change(watched: Watched, change: Change, as_json: bool) -> None:
    at, last = change.at.isoformat(timespec="seconds"), watched.last
    if as_json:
        document = {
            "time": at,
            "visits": last.total,
            "today": last.today,
            "added": change.added,
            "pages": [
                {"page": page, "visits": visits} for page, visits in change.pages
            ],
        }
        click.echo(json.dumps(document))
    else:
        for page, added in change.pages or (("", change.added),):
            say_cells([at, last.total, f"{added:+d}", page])
    sys.stdout.flush()


def _look(store: Store, site: Site, watched: Watched) -> Change | None:
    """Look at the site again; a store that is away is told and looked for again.

    Raises:
        SiteNotFoundError: Somebody has removed the site.
    """
    now = _now(site)
    watched.tick(now)
    try:
        visits = total(store, site)
        change = None
        if visits != watched.last.total:
            change = watched.see(_look_at(store, site, visits, now, watched.last.at))
        elif now.date() != watched.last.at.date():
            watched.last = _look_at(store, site, visits, now, now)
    except SiteNotFoundError:
        raise
    except FootfallError as error:
        watched.trouble = str(error)
        return None
    watched.trouble = ""
    return change


def _first_look(store: Store, site: Site) -> Look:
    now = _now(site)
    return _look_at(store, site, total(store, site), now, now)


def _look_at(
    store: Store, site: Site, visits: int, now: datetime, since: datetime
) -> Look:
    """Today's numbers; at midnight the pages of the day that ended too."""
    today = now.date()
    days = {day: _pages(store, site, day) for day in {since.date(), today}}
    (counted,) = daily(store, site, today, today)
    return Look(now, visits, counted.visits, days)


def _pages(store: Store, site: Site, day: date) -> Pages:
    if "page" not in site.dimensions:
        return {}
    values = top(store, site, "page", day, day, limit=PAGES_MAX)
    return {each.value: each.visits for each in values}


def _now(site: Site) -> datetime:
    return datetime.now(ZoneInfo(site.timezone))


def _ends_within(seconds: float, stop_signals: int, keys: int | None) -> bool:
    """Pause; whether a signal or a key meanwhile ended it."""
    watched = [stop_signals] if keys is None else [stop_signals, keys]
    ready, _, _ = select.select(watched, [], [], seconds)
    if keys is None or keys not in ready:
        return stop_signals in ready
    pressed = os.read(keys, 64)  # nothing where the terminal is gone
    quits = _QUIT_KEYS & {*_OTHER_KEYS.sub(b"", pressed)}
    return stop_signals in ready or not pressed or bool(quits)


@contextmanager
def _keys() -> Iterator[int | None]:
    """Where keys are read, each as it is pressed, without a line's end and unseen.

    None where nobody can type. The terminal is left as it was.
    """
    if not sys.stdin.isatty():
        yield None
        return
    import termios
    import tty

    keys = sys.stdin.fileno()
    before = termios.tcgetattr(keys)
    tty.setcbreak(keys)
    try:
        yield keys
    finally:
        termios.tcsetattr(keys, termios.TCSADRAIN, before)


@contextmanager
def _stop_signals() -> Iterator[int]:
    """Something to read, once Ctrl+C, SIGTERM or a closing terminal asks for the end.

    An exception in the middle of a drawing would leave the screen as it is then; so
    only the second signal is one, for a store that does not answer.
    """
    readable, writable = os.pipe()

    def stop(_: int, __: FrameType | None) -> None:
        if select.select([readable], [], [], 0)[0]:
            raise KeyboardInterrupt
        os.write(writable, b"!")

    earlier = {number: signal.signal(number, stop) for number in _STOP_SIGNALS}
    try:
        yield readable
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
        os.close(readable)
        os.close(writable)
