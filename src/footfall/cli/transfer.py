"""`footfall export` and `import`: a site's numbers out, and in."""

import sys
import uuid
from collections.abc import Iterator
from time import time_ns
from typing import Any, BinaryIO

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import note, say
from footfall.cli.progress import Progress
from footfall.transfer.document import (
    CSV_HEADER,
    LINE_BYTES_MAX,
    csv_rows,
    encode,
    encode_csv,
)
from footfall.transfer.export import Export
from footfall.transfer.load import load
from footfall.visits.site import normalize_site_url
from footfall.visits.sites import load_sites


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
    exported = Export(store, site, id=str(uuid.uuid4()), now_ms=time_ns() // 1_000_000)
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
    "--site", "url", metavar="URL", help="The site, if it is to have another address."
)
@store_options
def import_(file: BinaryIO, url: str | None, **settings: Any) -> None:
    """Make the site of FILE, an export's JSON lines; "-" is standard input.

    The same export twice counts once, and one that was interrupted goes on.

    \b
    Example:
      footfall import example.jsonl --store other.db
    """
    address = None if url is None else normalize_site_url(url)
    store = open_store(settings, create=True)
    with Progress(file) as progress:
        loaded = load(store, _lines(file), address, progress.add)
    if loaded.is_new:
        say(f"imported {loaded.visits} visits of {loaded.days} days, {loaded.site.url}")
    else:
        say(f"this export made {loaded.site.url} before; nothing was counted")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(LINE_BYTES_MAX + 1):
        yield line
