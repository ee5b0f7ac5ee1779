"""GoatCounter's export of page views, version 1 and 2: rows in, entries out. Pure.

The columns are found by their names in the header, whose first begins with the version:
"2Path". Source: GoatCounter's help, "Export".
"""

import re
from collections.abc import Callable, Mapping, Sequence

from footfall.transfer.access_logs import time_ms
from footfall.transfer.entries import Entry, Parsed, refuse
from footfall.visits.agents import UNKNOWN, agent_of
from footfall.visits.reader import size_of
from footfall.visits.site import PAGE_LENGTH_MAX, Site
from footfall.visits.sources import DIRECT, source_of
from footfall.visits.visit import EVENT_LENGTH_MAX

NAME_LENGTH_MAX = 100  # characters; longer ones are cut

_HEADER = re.compile(r'"?([12]),?Path"?,"?Title"?,"?Event"?,')
_VERSION_ITSELF = re.compile(r'"?[0-9]+,?Path"?,')
_NAME_AND_VERSION = re.compile(r"(.*?) [0-9][0-9.]*")

Columns = Mapping[str, int]
Field = Callable[[str], str]


def is_export(header: str) -> bool:
    """Whether a file with this first line says that it is GoatCounter's export."""
    return bool(_VERSION_ITSELF.match(header))


def columns_of(header: Sequence[str]) -> Columns:
    """Where each column is, by its name.

    Raises:
        InvalidInputError: It is another version's header, or lacks a column.
    """
    if not _HEADER.match(",".join(header) + ","):
        raise refuse(
            "is no header of GoatCounter's export of page views, version 1 or 2"
        )
    names = [header[0].lstrip("12,"), *header[1:]]
    columns = {name.replace("-", ""): index for index, name in enumerate(names)}
    missing = {"Path", "Event", "Bot", "Referrer", "Date"} - columns.keys()
    if missing:
        raise refuse(f"lacks the column {min(missing)!r}")
    return columns


def parse_row(row: Sequence[str], columns: Columns, site: Site) -> Parsed:
    """A row of the export.

    Raises:
        InvalidInputError: It is none.
    """
    if len(row) <= max(columns.values()):
        raise refuse(f"has {len(row)} fields, not {max(columns.values()) + 1}")

    def field(name: str) -> str:
        return row[columns[name]] if name in columns else ""

    at_ms = time_ms(field("Date"))
    identity = "\x1f".join(row).encode("utf-8", "replace")
    path = field("Path")
    if not path or not path.isprintable():
        raise refuse(f"has no path: {path[:40]!r}")
    if field("Event") in ("true", "1"):
        event = (("event", path[:EVENT_LENGTH_MAX]),)
        return Entry(
            at_ms, "event", event if "event" in site.dimensions else (), identity
        )
    browser, system = _program(field)
    if field("Bot") not in ("", "0"):
        return Entry(at_ms, "robot", (("robot", browser),), identity)
    source, campaign = sources_of(field("Referrer"), field("Referrer scheme"), site)
    width = field("Screen size").partition(",")[0]
    found = {
        "page": (path if path.startswith("/") else f"/{path}")[:PAGE_LENGTH_MAX],
        "referrer": source,
        "campaign": campaign,
        "country": field("Location")[:2],
        "browser": browser,
        "system": system,
        "size": size_of(int(width) if re.fullmatch("[0-9]{1,6}", width) else None),
    }
    values = tuple(
        (name, value)
        for name, value in found.items()
        if value and value.isprintable() and name in site.dimensions
    )
    return Entry(at_ms, "view", values, identity)


def _program(field: Field) -> tuple[str, str]:
    """The browser and the system; version 1 has the whole user agent."""
    browser, system = field("Browser"), field("System")
    if "/" in browser:
        agent = agent_of(browser)
        return agent.browser, agent.system
    return _named(browser), _named(system)


def _named(text: str) -> str:
    found = _NAME_AND_VERSION.fullmatch(text)
    return (found[1] if found else text)[:NAME_LENGTH_MAX] or UNKNOWN


def sources_of(referrer: str, scheme: str, site: Site) -> tuple[str | None, str | None]:
    """The source and the campaign that a referrer of a scheme is."""
    match scheme:
        case _ if not referrer:
            return DIRECT, None
        case "c":
            return DIRECT, referrer[:NAME_LENGTH_MAX]
        case "g" | "o":
            return referrer[:NAME_LENGTH_MAX], None
        case _:
            address = referrer if "://" in referrer else f"https://{referrer}"
            return source_of(address, site), None
