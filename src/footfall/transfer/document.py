"""An export as lines of JSON, or as a flat table in CSV. Pure.

    {"footfall": "export", "version": 1, "export": …, "at": …, "site": …, …}
    {"note": "log 0498708#00000", "lines": "q83vASNFZ4k="}
    {"day": "2026-11-24", "visits": 3, "hours": {"13": 3}, "visitors": 2, "unpaged": 0}
    {"day": "2026-11-24", "dimension": "page", "values": {"/blog/": 2}, "other": 1}
    {"end": true, "lines": 4, "days": 1, "visits": 3}

The first line is the site with its settings, the last says how many came before it: a
file without it was cut. Between stand the notes of what was imported into the site, so
that it is not imported again into the one that is made of the file; then the days, then
each dimension's, day by day.

A reader trusts nothing: every line is checked as it is decoded, and an error names it.
The CSV is for spreadsheets: one number a row, no settings.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Literal

import msgspec

from footfall.errors import FootfallError, InvalidInputError
from footfall.visits.dimensions import BROKEN_DOWN, HOUR_NAMES
from footfall.visits.report import FIRST_DAY, LAST_DAY
from footfall.visits.site import (
    DIMENSIONS,
    ORIGINS_MAX,
    URL_LENGTH_MAX,
    Site,
    check_origins,
    check_rate_limit,
    check_retention_days,
    check_timezone,
    parse_http_url,
)

VERSION = 1
LINE_BYTES_MAX = 64 * 1024 * 1024  # 32 shards of 32 full parts take 20 MB

CSV_HEADER = ("date", "dimension", "value", "visits")
# A spreadsheet runs what begins so, and strangers choose values (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_NUMBER_MAX = 10**15
Number = Annotated[int, msgspec.Meta(ge=-_NUMBER_MAX, le=_NUMBER_MAX)]
Count = Annotated[int, msgspec.Meta(ge=0, le=_NUMBER_MAX)]
Value = Annotated[str, msgspec.Meta(min_length=1, max_length=URL_LENGTH_MAX)]
Alias = Annotated[str, msgspec.Meta(min_length=1, max_length=URL_LENGTH_MAX)]

# The names of notes; the one that says how far a site is made of an export stays.
_NOTE = re.compile(r"(log|day|values) [\w# -]+", re.ASCII)
_NOTE_LENGTH_MAX = 100
_NOTE_BYTES_MAX = 160_000

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line: the site, its settings, its number.

    Attributes:
        export: What tells this export from any other.
        at: When it was made, RFC 3339.
        baseline: The number that the site had before its days were counted.
        visits: The site's number.
        kept_from: The first day that was kept when older ones were taken away.
    """

    footfall: Literal["export"]
    version: int
    export: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    at: str
    site: Annotated[str, msgspec.Meta(min_length=1, max_length=URL_LENGTH_MAX)]
    timezone: Annotated[str, msgspec.Meta(max_length=100)]
    private: bool
    published: bool
    aliases: Annotated[list[Alias], msgspec.Meta(max_length=100)]
    dimensions: list[str]
    baseline: Number
    visits: Number
    origins: Annotated[list[Alias], msgspec.Meta(max_length=ORIGINS_MAX)] = []
    rate_limit: int = 0
    retention_days: int = 0
    kept_from: Annotated[str, msgspec.Meta(max_length=10)] = ""

    def as_site(self) -> Site:
        """The site that it describes.

        Raises:
            InvalidInputError: A setting is not valid.
        """
        unknown = [each for each in self.dimensions if each not in DIMENSIONS]
        if unknown:
            raise InvalidInputError("dimensions", f"{unknown[0]!r} is none")
        if self.private and self.published:
            raise InvalidInputError("published", "a private site has no public page")
        if not self.site.isprintable():
            raise InvalidInputError("site", "must have no control characters")
        for alias in self.aliases:
            parse_http_url(alias, "aliases")
        if self.kept_from:
            check_date(self.kept_from, "kept_from")
        return Site(
            self.site,
            check_timezone(self.timezone),
            self.private,
            tuple(self.aliases),
            tuple(each for each in DIMENSIONS if each in self.dimensions),
            self.published,
            check_origins(self.origins),
            check_rate_limit(self.rate_limit),
            check_retention_days(self.retention_days),
        )


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A note of an import (`visits.imported`), as it is in the store.

    Attributes:
        note: Its name.
        lines: What tells the lines that were counted, in base64.
        visits: What was imported of a day.
    """

    note: Annotated[str, msgspec.Meta(max_length=_NOTE_LENGTH_MAX)]
    lines: Annotated[bytes, msgspec.Meta(max_length=_NOTE_BYTES_MAX)] = b""
    visits: Count = 0


class Day(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A day's number, its hours and its distinct readers.

    Attributes:
        hours: By whole hours since the site's midnight, "00" to "24".
        unpaged: Visits that have no page.
        unhoured: Visits that have no hour.
    """

    day: str
    visits: Number
    hours: dict[str, Number] = {}
    visitors: Number = 0
    unpaged: Number = 0
    unhoured: Number = 0


class Values(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A day's numbers of one dimension; `other` is what had no room of its own."""

    day: str
    dimension: str
    values: dict[Value, Number]
    other: Number = 0


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line: how many lines came before it, and what its days make."""

    end: Literal[True]
    lines: Count
    days: Count
    visits: Number


Line = Header | Note | Day | Values | End

_encode = msgspec.json.Encoder().encode
_decode_raw = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
# The field that only lines of a kind have, the most frequent first.
_KINDS: tuple[tuple[str, msgspec.json.Decoder[Line]], ...] = (
    ("dimension", msgspec.json.Decoder(Values)),
    ("note", msgspec.json.Decoder(Note)),
    ("hours", msgspec.json.Decoder(Day)),
    ("visits", msgspec.json.Decoder(Day)),
)
_DECODE_END = msgspec.json.Decoder(End)
_DECODE_HEADER = msgspec.json.Decoder(Header)


def header_of(
    site: Site,
    export: str,
    at: str,
    *,
    baseline: int,
    visits: int,
    kept_from: str = "",
) -> Header:
    """The first line of a site's export."""
    return Header(
        "export",
        VERSION,
        export,
        at,
        site.url,
        site.timezone,
        site.private,
        site.published,
        list(site.aliases),
        list(site.dimensions),
        baseline,
        visits,
        list(site.origins),
        site.rate_limit,
        site.retention_days,
        kept_from,
    )


def encode(line: Line) -> bytes:
    """A line of JSON, with its end."""
    return _encode(line) + b"\n"


def decode(text: bytes, number: int) -> Line:
    """A line that somebody says is an export's.

    Args:
        text: The line, with or without its end.
        number: Which it is, 1 for the first: what an error names.

    Raises:
        InvalidInputError: It is none.
    """
    try:
        line = _decoded(text)
        _check(line)
    except FootfallError as error:
        raise InvalidInputError(f"line {number}", str(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise InvalidInputError(
            f"line {number}", f"is no line of a Footfall export: {error}"
        ) from None
    return line


def is_header(text: bytes) -> bool:
    """Whether a file that begins with this line says that it is an export."""
    return text.lstrip().startswith(b'{"footfall":')


def csv_rows(line: Line) -> Iterator[tuple[str, str, str, int]]:
    """The rows of the flat table that a line makes: date, dimension, value, visits."""
    match line:
        case Header():
            yield "", "baseline", "", line.baseline
        case Day():
            yield line.day, "day", "", line.visits
            if line.visitors:
                yield line.day, "visitor", "", line.visitors
            for hour, visits in line.hours.items():
                yield line.day, "hour", hour, visits
        case Values():
            for value, visits in line.values.items():
                yield line.day, line.dimension, _harmless(value), visits
            if line.other:
                yield line.day, line.dimension, "", line.other
        case Note() | End():
            return


def encode_csv(rows: Iterator[tuple[str, str, str, int]]) -> bytes:
    """Rows as CSV (RFC 4180), in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def check_date(text: str, field: str) -> str:
    """The date, if it is one that a report can show.

    Raises:
        InvalidInputError: It is not.
    """
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:  # a 31st of November
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidInputError(
            field, f"{text[:40]!r} is no day such as 2026-11-24, from {FIRST_DAY} on"
        )
    return text


def _decoded(text: bytes) -> Line:
    fields: Mapping[str, object] = _decode_raw(text)
    if "footfall" in fields:
        return _DECODE_HEADER.decode(text)
    if "end" in fields:
        return _DECODE_END.decode(text)
    return next(
        (kind.decode(text) for field, kind in _KINDS if field in fields),
        None,
    ) or _unknown(fields)


def _unknown(fields: Mapping[str, object]) -> Line:
    raise InvalidInputError("field", f"expected an export's, not {sorted(fields)[:5]}")


def _check(line: Line) -> None:
    match line:
        case Header() if line.version != VERSION:
            raise InvalidInputError(
                "version",
                f"{line.version} is not {VERSION}; upgrade Footfall, or export again",
            )
        case Header():
            line.as_site()
        case Note():
            if not _NOTE.fullmatch(line.note) or len(line.lines) % 8:
                raise InvalidInputError("note", f"{line.note[:40]!r} is none")
        case Day():
            check_date(line.day, "day")
            unknown = line.hours.keys() - {*HOUR_NAMES}
            if unknown:
                raise InvalidInputError("hours", f"{min(unknown)[:40]!r} is no hour")
        case Values():
            check_date(line.day, "day")
            if line.dimension not in BROKEN_DOWN:
                raise InvalidInputError("dimension", f"{line.dimension[:40]!r} is none")
        case End():
            return


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
