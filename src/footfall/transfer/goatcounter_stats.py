"""GoatCounter's export of statistics: lines of JSON in, what they count out. Pure.

    export.zip    paths.jsonl, refs.jsonl, browsers.jsonl, systems.jsonl    what ids mean
                  hit_stats.jsonl        views of an hour, by page and referrer
                  browser_stats.jsonl    views of a day, by page and browser; and three
                                         like it

The views of an hour count as so many equal lines of a log do: so an export that was made
later counts what is more. The statistics of days are sums (`transfer.day_values`), by days
of UTC. Source: GoatCounter's help, "JSON exports", version 1.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from footfall.transfer.access_logs import time_ms
from footfall.transfer.document import check_date
from footfall.transfer.entries import Entry, refuse
from footfall.transfer.goatcounter import NAME_LENGTH_MAX, sources_of
from footfall.visits.agents import UNKNOWN
from footfall.visits.reader import size_of
from footfall.visits.site import PAGE_LENGTH_MAX, Site
from footfall.visits.visit import EVENT_LENGTH_MAX

VIEWS = "hit_stats.jsonl"
# What ids mean comes first, and the views before what they are broken down by.
_MEANINGS = ("paths.jsonl", "refs.jsonl", "browsers.jsonl", "systems.jsonl")
_DAYS = {
    "browser_stats.jsonl": "browser",
    "system_stats.jsonl": "system",
    "location_stats.jsonl": "country",
    "size_stats.jsonl": "size",
}
FILES = (*_MEANINGS, VIEWS, *_DAYS)

_COUNT_MAX = 10**7  # of one line: each view of it is counted by itself

Count = Annotated[int, msgspec.Meta(ge=0, le=_COUNT_MAX)]


class _Meaning(msgspec.Struct):
    id: int
    path: str = ""
    event: bool = False
    ref: str = ""
    ref_scheme: str = ""
    name: str = ""


class _Statistic(msgspec.Struct):
    path_id: int
    count: Count
    hour: str = ""
    day: str = ""
    ref_id: int = 0
    browser_id: int = 0
    system_id: int = 0
    location: str = ""
    width: int = 0


_decode_meaning = msgspec.json.Decoder(_Meaning).decode
_decode_statistic = msgspec.json.Decoder(_Statistic).decode


@dataclass(frozen=True, slots=True)
class Some:
    """Some views of a day, with a value of a dimension."""

    day: str
    dimension: str
    value: str
    views: int


@dataclass(slots=True)
class Meanings:
    """What ids mean, of the files that were read so far."""

    of: dict[str, dict[int, _Meaning]] = field(default_factory=dict)

    def note(self, file: str, line: bytes) -> None:
        """Note a line of one of the first files; InvalidInputError if it is none."""
        try:
            meaning = _decode_meaning(line)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise refuse(f"is no line of {file}: {error}") from None
        self.of.setdefault(file, {})[meaning.id] = meaning

    def get(self, file: str, id: int) -> _Meaning:
        """What an id of a file means; InvalidInputError if it was not told."""
        meaning = self.of.get(file, {}).get(id)
        if meaning is None:
            raise refuse(f"has an id that {file} has not: {id}")
        return meaning


def in_order(files: Collection[str]) -> list[str]:
    """The files of an archive in the order in which they are read; none of others'."""
    return [name for name in FILES if name in files] if VIEWS in files else []


def is_meaning(file: str) -> bool:
    """Whether a file tells what ids mean."""
    return file in _MEANINGS


def views_of(line: bytes, meanings: Meanings, site: Site) -> Iterator[Entry]:
    """The views, or events, that a line of `VIEWS` counts.

    Raises:
        InvalidInputError: It is none.
    """
    found = _statistic(line, VIEWS)
    path = meanings.get("paths.jsonl", found.path_id)
    ref = meanings.get("refs.jsonl", found.ref_id)
    if not path.path.isprintable() or not path.path:
        raise refuse(f"has no path: {path.path[:40]!r}")
    told = (found.hour, path.path, ref.ref, ref.ref_scheme)
    identity = "\x1f".join(told).encode("utf-8", "replace")
    at_ms = time_ms(found.hour)
    if path.event:
        values = (("event", path.path[:EVENT_LENGTH_MAX]),)
        entry = Entry(
            at_ms, "event", values if "event" in site.dimensions else (), identity
        )
    else:
        entry = Entry(at_ms, "view", _values(path.path, ref, site), identity)
    for _ in range(found.count):
        yield entry


def day_of_line(line: bytes, file: str, meanings: Meanings) -> Some | str:
    """What a line of another file of statistics counts, or why it is filtered.

    Raises:
        InvalidInputError: It is none.
    """
    found = _statistic(line, file)
    day = check_date(found.day, "day")
    if meanings.get("paths.jsonl", found.path_id).event:
        return "kind"
    match _DAYS[file]:
        case "browser":
            value = meanings.get("browsers.jsonl", found.browser_id).name
        case "system":
            value = meanings.get("systems.jsonl", found.system_id).name
        case "country":
            value = found.location[:2]
        case _:
            value = size_of(found.width) or ""
    shown = value[:NAME_LENGTH_MAX]
    if shown and shown.isprintable():
        return Some(day, _DAYS[file], shown, found.count)
    if _DAYS[file] in ("browser", "system"):
        return Some(day, _DAYS[file], UNKNOWN, found.count)
    return "unknown"


def _statistic(line: bytes, file: str) -> _Statistic:
    try:
        return _decode_statistic(line)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise refuse(f"is no line of {file}: {error}") from None


def _values(path: str, ref: _Meaning, site: Site) -> tuple[tuple[str, str], ...]:
    source, campaign = sources_of(ref.ref, ref.ref_scheme, site)
    found = {
        "page": (path if path.startswith("/") else f"/{path}")[:PAGE_LENGTH_MAX],
        "referrer": source,
        "campaign": campaign,
    }
    return tuple(
        (name, value)
        for name, value in found.items()
        if value and value.isprintable() and name in site.dimensions
    )
