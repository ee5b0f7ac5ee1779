"""Which counters a visit moves: the items of `visitRollups` and their attributes.

    bucket                     attributes
    total#2026-11-24           day: N, 00: N … 24: N, visitors: N, unpaged: N,
                               unhoured: N, imported00: N … imported24: N
    page#2026-11-24#07         =/blog/: N, …, other: N
    page#2026-11-24#07#21      the same in shard 21 (`visits.shards`)
    browser#2026-11-24#00      =Firefox: N, …

A bucket is one item of a site. `total#` holds a day's number and its hours; an hour
is named by the whole hours since the site's midnight, so the day on which clocks go
back has an hour 24 and no two hours share a number. A dimension's bucket holds its
values, each named with "=" before it, so that no value is ever mistaken for an
attribute of ours. A dimension with many values is spread over parts, as they fill, by a
hash of the value, and what fits none is counted under `other`. What an import counted is
in the same numbers; it left no receipts, so `imported13` says how much of the hour it is,
`importedvisitors` of the visitors, `imported` of a bucket of events or robots; `unhoured`
is how much of a day has no hour (footfall.transfer).
"""

import zlib
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from footfall.visits.site import DIMENSIONS
from footfall.visits.visit import Visit

PAGE = "page"
EVENT = "event"
ROBOT = "robot"  # robots' views, which are counted apart
_MANY_VALUES = frozenset({PAGE, "referrer", "campaign", EVENT})

DAY = "day"
VISITORS = "visitors"  # distinct readers of the day
UNPAGED = "unpaged"  # visits that are counted under no page
UNHOURED = "unhoured"  # visits of a day whose hours nobody knows
IMPORTED_PREFIX = "imported"  # and a number's name: what of it left no receipts
OTHER = "other"
TOTAL_PREFIX = "total#"
SHARD_PREFIX = "visits#"  # of the items that hold the shards' parts of the total
VALUE_PREFIX = "="
HOURS_MAX = 25  # of the longest day
HOUR_NAMES = tuple(f"{hour:02d}" for hour in range(HOURS_MAX))

# What has buckets: every dimension but the visitors, which are in a day's total.
BROKEN_DOWN = tuple(each for each in (*DIMENSIONS, ROBOT) if each != "visitor")

# A part's values and numbers, in bytes: rewriting an item costs its size.
PART_BYTES_MAX = 16_384
# What one value's number takes in an item, at most; DynamoDB counts its digits.
NUMBER_BYTES_MAX = 21

# Every time zone's offset is a multiple of a quarter of an hour, since 1972.
_QUARTER_MS = 15 * 60 * 1000


def total_moves(visit: Visit, shard: int = 0) -> tuple[str, tuple[str, ...]]:
    """The bucket of the visit's day, and the attributes that count up in it."""
    day, hour = local_hour(visit.site.timezone, visit.at_ms // _QUARTER_MS)
    attributes = (DAY, hour) if is_paged(visit) else (DAY, hour, UNPAGED)
    return f"{TOTAL_PREFIX}{day}{suffix(shard)}", attributes


def value_bucket(
    dimension: str, day: str, value: str, parts: int, shard: int = 0
) -> str:
    """The bucket of a dimension's value on a day."""
    return f"{dimension}#{day}#{_part(dimension, value, parts):02d}{suffix(shard)}"


@lru_cache(maxsize=4096)
def value_buckets(
    dimension: str, day: str, value: str, parts: int, shard: int = 0
) -> tuple[str, ...]:
    """The buckets that a value may be in, in the order in which they are filled.

    One of part 0, one of part 1, one of the next two, of the next four, and so on, by the
    value's hash: a day of few values has one item, and each doubling takes in what is new.
    """
    if dimension not in _MANY_VALUES:
        parts = 1
    number, first, count = zlib.crc32(value.encode()), 0, 1
    buckets = []
    while first < parts:
        part = first + number % min(count, parts - first)
        buckets.append(f"{dimension}#{day}#{part:02d}{suffix(shard)}")
        first += count
        count = first
    return tuple(buckets)


def day_buckets(day: str, parts: int, shard: int) -> list[str]:
    """Every bucket that a visit of a day may move in a shard."""
    buckets = [f"{TOTAL_PREFIX}{day}{suffix(shard)}"]
    for dimension in BROKEN_DOWN:
        count = parts if dimension in _MANY_VALUES else 1
        buckets += [
            f"{dimension}#{day}#{part:02d}{suffix(shard)}" for part in range(count)
        ]
    return buckets


def is_paged(visit: Visit) -> bool:
    """Whether the visit is counted under its page."""
    # The page comes first of the values (`visits.reader`).
    return bool(visit.values) and visit.values[0][0] == PAGE


def _part(dimension: str, value: str, parts: int) -> int:
    return zlib.crc32(value.encode()) % parts if dimension in _MANY_VALUES else 0


def bucket_prefix(dimension: str) -> str:
    """What the buckets of a dimension begin with: "page#"."""
    return f"{dimension}#"


def day_at(timezone: str, at_ms: int) -> str:
    """The day, in a zone, of a time in milliseconds since the epoch."""
    return local_hour(timezone, at_ms // _QUARTER_MS)[0]


def suffix(shard: int) -> str:
    """What a shard's buckets end in; shard 0 is where a site's counting begins."""
    return f"#{shard:02d}" if shard else ""


def shard_of(bucket: str) -> int:
    """The shard of a bucket of any dimension, or of a day's total."""
    dimension, _, *rest = bucket.split("#")
    shard = rest if f"{dimension}#" == TOTAL_PREFIX else rest[1:]
    return int(shard[0]) if shard else 0


def day_of(bucket: str) -> str:
    """The day of a bucket of any dimension and shard: "2026-11-24"."""
    return bucket.split("#")[1]


@lru_cache(maxsize=4096)
def local_hour(timezone: str, quarter: int) -> tuple[str, str]:
    """The day and the hour, in a zone, of a quarter of an hour since the epoch.

    Returns:
        ("2026-11-24", "13"): the local date, and the hours since its midnight.
    """
    zone = ZoneInfo(timezone)
    at = datetime.fromtimestamp(quarter * _QUARTER_MS / 1000, UTC)
    day = at.astimezone(zone).date()
    hours = (at - midnight(day, zone)) // timedelta(hours=1)
    return day.isoformat(), f"{hours:02d}"


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which a day begins in a zone."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def quarter_of(at_ms: int) -> int:
    """The quarter of an hour, since the epoch, of a time in milliseconds."""
    return at_ms // _QUARTER_MS
