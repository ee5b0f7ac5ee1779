"""Plausible's export of a site: a table a file, each day's numbers. Pure.

    imported_visitors_FROM_TO.csv     date, visitors, pageviews, …      a day's totals
    imported_pages_FROM_TO.csv        date, hostname, page, …, pageviews
    imported_browsers_FROM_TO.csv     date, browser, …, pageviews       and five like it

A table is known by its columns, whatever its file is called; where it has no
`pageviews`, as in exports before 2024, its `visits` stand for them. Days are those of the
site's time zone there. Source: Plausible's documentation, "Import stats using CSV files".
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from footfall.transfer.document import check_date
from footfall.transfer.entries import refuse
from footfall.visits.agents import UNKNOWN
from footfall.visits.site import PAGE_LENGTH_MAX
from footfall.visits.sources import DIRECT

NAME_LENGTH_MAX = 100  # characters; longer ones are cut
COUNT_MAX = 10**12

TOTALS = "totals"  # the table of a day's views and visitors

_CAMPAIGN = ("utm_campaign", "utm_source", "utm_medium")
_NAMES = {
    "Mac": "macOS",
    "GNU/Linux": "Linux",
    "Chrome OS": "ChromeOS",
    "Microsoft Edge": "Edge",
    "Mobile": "phone",
    "Tablet": "tablet",
    "Laptop": "laptop",
    "Desktop": "desktop",
}
# The column that only one table has -> its dimension; "" is none of ours.
_TABLES = {
    "page": "page",
    "source": "referrer",
    "country": "country",
    "device": "size",
    "browser": "browser",
    "operating_system": "system",
    "events": "event",
    "entry_page": "",
    "exit_page": "",
}
# What a file of the archive is called; totals first, then pages, which add to them.
_FILE = re.compile(r"imported_([a-z_]+?)(_[0-9]{8}_[0-9]{8})?\.csv")
_FIRST = ("visitors", "pages")


@dataclass(frozen=True, slots=True)
class Table:
    """What a file's header says.

    Attributes:
        dimension: What its days are broken down by; `TOTALS`, or "" for what is not
            counted here.
        columns: Where each column is, by its name.
    """

    dimension: str
    columns: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A row: some of a day.

    Attributes:
        day: "2023-02-09".
        views: Views of pages; of events, events.
        visitors: The day's visitors, of a table of totals.
        values: The value of each dimension that it tells of.
    """

    day: str
    views: int
    visitors: int
    values: tuple[tuple[str, str], ...]


def in_order(files: Collection[str]) -> list[str]:
    """The tables among an archive's files, in the order in which they are counted."""

    def place(name: str) -> tuple[int, str]:
        found = _FILE.fullmatch(name)
        table = found[1] if found else ""
        return (_FIRST.index(table) if table in _FIRST else len(_FIRST), name)

    return sorted((name for name in files if _FILE.fullmatch(name)), key=place)


def table_of(header: Sequence[str]) -> Table | None:
    """The table of a file with this header; None if it is none of Plausible's."""
    columns = {name.strip(): index for index, name in enumerate(header)}
    if not {"date", "visitors"} <= columns.keys():
        return None
    for column, dimension in _TABLES.items():
        if column in columns:
            return Table(dimension, columns)
    is_total = {"pageviews", "bounces"} <= columns.keys()
    return Table(TOTALS, columns) if is_total else None


def parse_row(row: Sequence[str], table: Table) -> Row | str:
    """A row of a table, or why it is filtered.

    Raises:
        InvalidInputError: It is none.
    """
    if not table.dimension:
        return "dimension"  # of the page that a session began or ended with
    columns = table.columns
    if len(row) <= max(columns.values()):
        raise refuse(f"has {len(row)} fields, not {max(columns.values()) + 1}")
    day = check_date(row[columns["date"]].strip(), "date")
    views = "pageviews" if "pageviews" in columns else "visits"
    if table.dimension == "event":
        views = "events"
    visitors = 0
    if table.dimension == TOTALS:
        visitors = _count(row[columns["visitors"]])
    values = () if table.dimension == TOTALS else tuple(_values(row, table))
    if table.dimension == "event" and values == (("event", "engagement"),):
        return "kind"  # how long a page was read, and no event
    return Row(day, _count(row[columns[views]]), visitors, values)


def _values(row: Sequence[str], table: Table) -> list[tuple[str, str]]:
    def field(name: str) -> str:
        index = table.columns.get(name)
        return row[index].strip() if index is not None else ""

    match table.dimension:
        case "page":
            path = field("page") or "/"
            found = {"page": (path if path.startswith("/") else f"/{path}")}
            return [
                (name, _shown(each, PAGE_LENGTH_MAX)) for name, each in found.items()
            ]
        case "referrer":
            said = " / ".join(field(name) for name in _CAMPAIGN if field(name))
            source = field("source")
            direct = source in ("", "Direct / None")
            values = [("referrer", DIRECT if direct else _shown(source))]
            return [*values, ("campaign", _shown(said))] if said else values
        case "event":
            return [("event", _shown(field("name")))]
        case "country":
            return [("country", _shown(field("country")[:2]))]
        case "size":
            name = field("device")
            return [("size", _NAMES[name])] if name in _NAMES else []
        case "browser":
            name = field("browser")
            return [("browser", _shown(_NAMES.get(name, name)))]
        case _:
            name = field("operating_system")
            return [("system", _shown(_NAMES.get(name, name)))]


def _shown(value: str, length_max: int = NAME_LENGTH_MAX) -> str:
    value = value[:length_max]
    return value if value and value.isprintable() else UNKNOWN


def _count(text: str) -> int:
    text = text.strip()
    if not re.fullmatch(r"[0-9]{1,13}", text) or int(text) > COUNT_MAX:
        raise refuse(f"has no number: {text[:40]!r}")
    return int(text)
