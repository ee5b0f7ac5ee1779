"""Umami's export of a website's events: rows in, entries out. Pure.

    export.zip    website_event.csv    a row for each view of a page, and each event

The columns are found by their names. A row is named by its `event_id`, which is in no
other: two exports that overlap count once. Times are UTC. Source: Umami's export of a
website's data, and the columns of its table `website_event`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from footfall.transfer.access_logs import time_ms
from footfall.transfer.entries import Entry, PageViews, Parsed, refuse
from footfall.visits.agents import UNKNOWN
from footfall.visits.reader import size_of
from footfall.visits.site import Site
from footfall.visits.sources import campaign_of, source_of
from footfall.visits.visit import EVENT_LENGTH_MAX

FILE = "website_event.csv"

NAME_LENGTH_MAX = 100  # characters; longer ones are cut

_WANTED = frozenset({"created_at", "url_path", "event_type"})
_ITS_OWN = frozenset({"website_id", "session_id"})
_CAMPAIGN = ("utm_campaign", "utm_source", "utm_medium")

# Umami names browsers as `detect-browser` does, and systems by their versions.
_BROWSERS = {
    "android": "Android",
    "chrome": "Chrome",
    "chromium-webview": "Chrome",
    "crios": "Chrome",
    "edge": "Edge",
    "edge-chromium": "Edge",
    "edge-ios": "Edge",
    "facebook": "Facebook",
    "firefox": "Firefox",
    "fxios": "Firefox",
    "ie": "Internet Explorer",
    "instagram": "Instagram",
    "ios": "Safari",
    "ios-webview": "Safari",
    "opera": "Opera",
    "opera-mini": "Opera Mini",
    "safari": "Safari",
    "samsung": "Samsung Internet",
    "silk": "Amazon Silk",
    "yandexbrowser": "Yandex Browser",
}
_SYSTEMS = {"Mac OS": "macOS", "Android OS": "Android", "Chrome OS": "ChromeOS"}

Columns = Mapping[str, int]
Field = Callable[[str], str]


def columns_of(header: Sequence[str]) -> Columns | None:
    """Where each column is, by its name; None if it is no header of Umami's."""
    columns = {name.strip(): index for index, name in enumerate(header)}
    if not _WANTED <= columns.keys() or not _ITS_OWN & columns.keys():
        return None
    return columns


def parse_row(row: Sequence[str], columns: Columns, views: PageViews) -> Parsed:
    """A row of the export.

    Raises:
        InvalidInputError: It is none.
    """
    if len(row) <= max(columns.values()):
        raise refuse(f"has {len(row)} fields, not {max(columns.values()) + 1}")

    def field(name: str) -> str:
        value = row[columns[name]].strip() if name in columns else ""
        return "" if value in ("\\N", "NULL") else value  # as databases write nothing

    at_ms = time_ms(field("created_at"))
    identity = (field("event_id") or "\x1f".join(row)).encode("utf-8", "replace")
    target = field("url_path") or "/"
    if field("hostname"):
        target = f"https://{field('hostname')}{target}"
    found = views.locate(target)
    if found is None:
        return "elsewhere"
    match field("event_type"):
        case "1":
            return Entry(
                at_ms, "view", _values(field, views.site, found.page), identity
            )
        case "2":
            name = field("event_name")[:EVENT_LENGTH_MAX]
            if not name or not name.isprintable():
                raise refuse("has no name of its event")
            event = (("event", name),) if "event" in views.site.dimensions else ()
            return Entry(at_ms, "event", event, identity)
        case _:  # a link, a picture, a measure of speed
            return "kind"


def _values(field: Field, site: Site, page: str) -> tuple[tuple[str, str], ...]:
    """A view's value of each dimension that its site is broken down by."""
    domain = field("referrer_domain")
    referrer = f"https://{domain}{field('referrer_path')}" if domain else None
    query = field("url_query").removeprefix("?") or urlencode(
        {name: field(name) for name in _CAMPAIGN if field(name)}
    )
    width = field("screen").partition("x")[0]
    values = {
        "page": page,
        "referrer": source_of(referrer, site),
        "campaign": campaign_of(f"https://a.example/?{query}"),
        "country": field("country")[:2],
        "browser": _browser(field("browser")),
        "system": _system(field("os")),
        "size": size_of(int(width) if re.fullmatch("[0-9]{1,6}", width) else None),
    }
    return tuple(
        (name, value)
        for name, value in values.items()
        if value and value.isprintable() and name in site.dimensions
    )


def _browser(name: str) -> str:
    return _BROWSERS.get(name) or _shown(name)


def _system(name: str) -> str:
    if name.startswith("Windows"):
        return "Windows"
    return _SYSTEMS.get(name) or _shown(name)


def _shown(name: str) -> str:
    return name[:NAME_LENGTH_MAX] or UNKNOWN
