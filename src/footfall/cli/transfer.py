"""`footfall export` and `import`: a site's numbers out, and in."""

import os
import signal
import sys
import uuid
from collections.abc import Iterator
from io import BufferedReader
from itertools import chain
from pathlib import Path
from time import time_ns
from typing import Any, BinaryIO

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import note, say, table
from footfall.cli.progress import Progress
from footfall.transfer.archives import Part, parts_of
from footfall.transfer.document import CSV_HEADER, csv_rows, encode, encode_csv
from footfall.transfer.document import LINE_BYTES_MAX as EXPORT_LINE_BYTES_MAX
from footfall.transfer.entries import ASSETS, PageViews
from footfall.transfer.export import Export
from footfall.transfer.formats import FORMATS, format_of
from footfall.transfer.importing import Import, Summary
from footfall.transfer.lines import followed, lines_of
from footfall.transfer.load import load
from footfall.visits.site import normalize_site_url
from footfall.visits.sites import load_sites

REFUSED_SHOWN = 20  # lines
_LOGS = ("combined", "common", "jsonl")


@click.command(short_help="Write everything that was counted for the site at URL.")
@click.argument("url")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["json", "csv"]),
    default="json",
    show_default=True,
    help="JSON lines hold everything; CSV is for spreadsheets.",
)
@store_options
def export(url: str, format_: str, **settings: Any) -> int:
    """Write everything that was counted for the site at URL to standard output.

    It is exact at one moment while visits go on arriving. `footfall import` makes the
    same site of the JSON lines.

    \b
    Examples:
      footfall export example.com > example.jsonl
      footfall export example.com --format csv > example.csv
    """
    store = open_store(settings, create=False)
    site = load_sites(store).named(url)
    exported = Export(store, site, id=str(uuid.uuid4()), now_ms=_now_ms())
    out = sys.stdout.buffer
    if format_ == "csv":
        out.write((",".join(CSV_HEADER) + "\n").encode())
    for line in exported:
        out.write(encode(line) if format_ == "json" else encode_csv(csv_rows(line)))
    out.flush()
    for difference in exported.differences:
        note(f"footfall: {difference}; run `footfall verify {site.url}`")
    return 1 if exported.differences else 0


@click.command("import", short_help="Count what was counted elsewhere.")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--site",
    "url",
    metavar="URL",
    help="The site to count for; an export's own, or another address for it.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="auto",
    show_default=True,
    help="What FILE is.",
)
@click.option("--follow", is_flag=True, help="Go on as FILE grows, until Ctrl+C.")
@click.option(
    "--assets",
    metavar="LIST",
    help="The extensions that are no pages, instead of the usual: css,js,png.",
)
@store_options
def import_(
    file: BufferedReader,
    url: str | None,
    format_: str,
    follow: bool,
    assets: str | None,
    **settings: Any,
) -> int:
    """Count the lines of FILE, each once; "-" is standard input.

    FILE is an access log, an export of GoatCounter, Umami or Plausible, totals by day as
    CSV, or the JSON lines of `footfall export`; compressed or not. The same file again,
    or one that overlaps it, counts nothing twice; an import that was interrupted goes on
    when it is run again.

    \b
    Examples:
      footfall import access.log --site example.com
      footfall import access.log.2.gz --site example.com
      zcat access.log.*.gz | footfall import - --site example.com
      footfall import access.log --site example.com --follow
      footfall import example.jsonl --store other.db
    """
    if follow and not os.path.isfile(file.name):
        raise click.UsageError("--follow needs a file that has a name")
    parts = parts_of(file, file.name)
    first = next(parts)
    kind = _format(first) if format_ == "auto" else format_
    if kind == "footfall":
        return _make_site(file, first, url, settings)
    if url is None:
        raise click.UsageError("say whose visits they are: --site URL")
    if follow and (kind not in _LOGS or first.text is not file):
        raise click.UsageError("only logs can be followed")
    store = open_store(settings, create=False)
    site = load_sites(store).named(url)
    views = PageViews(site, ASSETS if assets is None else _extensions(assets))
    refused = _Refused()
    counted = Import(store, views, _now_ms, refused.note)
    if follow:
        _follow(Path(file.name), counted, kind)
        refused.end()
        return _say_summary(counted.summary())
    with Progress(file) as progress:
        for part in chain([first], parts):
            if part.is_empty:
                note(f"{part.name} is empty")
            kind = _format(part) if format_ == "auto" else format_
            refused.begin(part.name if part.table else "")
            counted.count(progress.of_lines(lines_of(part.text)), kind, part.table)
            counted.flush()
    refused.end()
    return _say_summary(counted.summary())


def _format(part: Part) -> str:
    seen = next((line for line in part.text.peek().splitlines() if line.strip()), None)
    return format_of(seen, part.table) if seen is not None else "combined"


def _extensions(assets: str) -> list[str]:
    return [each.strip().lstrip(".").lower() for each in assets.split(",")]


def _make_site(
    file: BinaryIO, part: Part, url: str | None, settings: dict[str, Any]
) -> int:
    """Make the site of an export; the exit status."""
    address = None if url is None else normalize_site_url(url)
    store = open_store(settings, create=True)
    with Progress(file) as progress:
        loaded = load(store, _whole_lines(part.text), address, progress.read)
    if loaded.is_new:
        say(f"imported {loaded.visits} visits of {loaded.days} days, {loaded.site.url}")
    else:
        say(f"this export made {loaded.site.url} before; nothing was counted")
    return 0


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(EXPORT_LINE_BYTES_MAX + 1):
        yield line


def _follow(path: Path, counted: Import, format_: str) -> None:
    """Count as the file grows, until somebody ends the process."""
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    note(f"footfall: follows {path}; stop with Ctrl+C")
    counted.count(followed(path, lambda: stopped, counted.flush), format_)
    counted.flush()


class _Refused:
    """Tells of lines that cannot be read: the first ones, and how many more."""

    def __init__(self) -> None:
        self._count = 0
        self._file = ""

    def begin(self, file: str) -> None:
        """Say of which file of several the next lines are."""
        self._file = f"{file}: " if file else ""

    def note(self, number: int, problem: str) -> None:
        self._count += 1
        if self._count <= REFUSED_SHOWN:
            note(f"{self._file}line {number} {problem}")

    def end(self) -> None:
        if self._count > REFUSED_SHOWN:
            note(f"and {self._count - REFUSED_SHOWN} lines more")


def _say_summary(summary: Summary) -> int:
    """Say what became of the lines; the exit status."""
    rows = [
        ("counted", summary.views),
        ("counted as events", summary.events),
        ("robots, counted apart", summary.robots),
        ("rows of breakdowns", summary.values),
        ("imported before", summary.again),
        *((f"filtered: {why}", n) for why, n in sorted(summary.filtered.items())),
        ("refused", summary.refused),
    ]
    table(("lines", ""), [rows[0], *(row for row in rows[1:] if row[1])])
    read = sum(number for _, number in rows) - summary.refused
    return 1 if summary.refused and not read else 0


def _now_ms() -> int:
    return time_ns() // 1_000_000
