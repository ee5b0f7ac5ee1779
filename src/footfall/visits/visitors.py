r"""A site's distinct readers of a day, counted exactly and known to nobody.

A reader is a keyed hash of the site, the address and the user agent. Its key is the
day's salt: sixteen random bytes in the store, shared by all servers, made with the
day's first visit in a time zone and deleted when the day is over: by the next day's
first visit, by a server that runs (`web.upkeep`), by `footfall hit`, or at the latest by
the store itself. Without it nobody can tell whose hash it was, nor whether two days'
hashes are one reader's.

    visitReceipts     SITE \x1f DAY \x1f HASH        a marker; TTL
    footfallSettings  salt, "Europe/Berlin 2026-11-24"  the salt; TTL

A marker is put in the visit's own transaction, if it is absent, and with it the day's
`visitors` counts up: so a reader counts once a day, whatever is retried. Markers that
are known are remembered, and those that are not are read before, so that a returning
reader does not cancel a group. No id has the separator, so no receipt is ever taken
for a marker.

A visit that arrives when its day's salt is gone (it waited in a browser past midnight
and an hour) counts, and its reader does not.
"""

import contextlib
import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from footfall.counters.bulk import delete_items, query
from footfall.counters.port import Item, Store, store_errors, translate
from footfall.counters.tables import EXPIRES_AT, KIND, NAME, SALT
from footfall.errors import FootfallError, ThrottledError
from footfall.visits.baseline import read_item
from footfall.visits.dimensions import day_at, midnight
from footfall.visits.site import Site
from footfall.visits.visit import Visit

SALT_BYTES = 16
# A salt outlives its day by this much, for servers' clocks and what is on its way.
GRACE_MS = 3_600_000

_SALT_KIND = "salt"
_SALT_TRIES_MAX = 10  # it was made and destroyed between our reads so often
_SEPARATOR = "\x1f"
_HASH_BYTES = 12  # of 10^9 readers a day no two share one, but for a chance in 10^11
_REMEMBERED_MAX = 50_000  # markers of all days, some 300 bytes each

Day = tuple[str, str]  # the time zone and the date


def marker_prefix(site: str) -> str:
    """What the keys of a site's markers begin with, in `visitReceipts`."""
    return site + _SEPARATOR


class Visitors:
    """Names readers' markers, and remembers which are in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._salts: dict[Day, bytes] = {}
        self._known: OrderedDict[str, None] = OrderedDict()

    def marker(self, visit: Visit, now_ms: int) -> str | None:
        """The key of the marker of a visit's reader today.

        None for a reader who is not told apart, and where the day's salt is gone.

        Raises:
            UnavailableError: The store is away.
        """
        if not visit.reader:
            return None
        site = visit.site
        day = day_at(site.timezone, visit.at_ms)
        salt = self._salt((site.timezone, day), now_ms)
        if salt is None:
            return None
        said = f"{site.url}{_SEPARATOR}{visit.reader}".encode()
        digest = hashlib.blake2b(said, key=salt, digest_size=_HASH_BYTES).hexdigest()
        return f"{marker_prefix(site.url)}{day}{_SEPARATOR}{digest}"

    def is_known(self, marker: str) -> bool:
        """Whether the marker is surely in the store."""
        return marker in self._known

    def remember(self, markers: Iterable[str]) -> None:
        """Note markers that are in the store."""
        with self._lock:
            self._known.update(dict.fromkeys(markers))
            while len(self._known) > _REMEMBERED_MAX:
                self._known.popitem(last=False)

    def forget(self) -> None:
        """Remember no marker: a site may be gone, and there again without them."""
        with self._lock:
            self._known.clear()

    def destroy_salts(self, now_ms: int) -> None:
        """Destroy the salts of the days that are over, here and in the store.

        Raises:
            As `destroy_salts`.
        """
        with self._lock:
            for day in list(self._salts):
                if _is_over(day, now_ms):
                    del self._salts[day]
        destroy_salts(self._store, now_ms)

    def _salt(self, day: Day, now_ms: int) -> bytes | None:
        if _is_over(day, now_ms):
            return None
        salt = self._salts.get(day)
        if salt is None:
            salt = _salt_of(self._store, day)
            with self._lock:
                self._salts[day] = salt
            # A new day has begun, so another is over, or soon is. What fails is done
            # by whoever tries next, and no visit waits for it.
            with contextlib.suppress(FootfallError):
                self.destroy_salts(now_ms)
        return salt


def destroy_salts(store: Store, now_ms: int) -> int:
    """Delete the salts of the days that are over.

    Returns:
        How many there were.

    Raises:
        UnavailableError: The store is away.
        ThrottledError: Some may be left. Try again after a pause.
        IndeterminateError: No answer came. Try again.
    """
    request = {
        "TableName": store.tables.settings,
        "KeyConditionExpression": "#kind = :kind",
        "ExpressionAttributeNames": {"#kind": KIND},
        "ExpressionAttributeValues": {":kind": {"S": _SALT_KIND}},
    }
    over = [
        _salt_key(day)
        for item in query(store.client, request)
        if _is_over(day := _day_in(item), now_ms)
    ]
    delete_items(store.client, store.tables.settings, over)
    return len(over)


def marker_day(key: str) -> tuple[str, str] | None:
    """The site and the day of a marker; None for the key of a receipt."""
    site, _, rest = key.partition(_SEPARATOR)
    return (site, rest.partition(_SEPARATOR)[0]) if rest else None


def marker_expiry(site: Site, marker: str, window_seconds: int) -> int:
    """When a marker may go: seconds since the epoch, a window after its day."""
    return day_expiry(site, marker.split(_SEPARATOR)[1], window_seconds)


def day_expiry(site: Site, day: str, window_seconds: int) -> int:
    """When the markers of a day may go, in seconds since the epoch."""
    return _end_ms((site.timezone, day)) // 1000 + window_seconds


def _salt_of(store: Store, day: Day) -> bytes:
    """The day's salt, made if it is the first that asks."""
    key = _salt_key(day)
    for _ in range(_SALT_TRIES_MAX):
        item = read_item(store, store.tables.settings, key)
        if item:
            return bytes(item[SALT]["B"])
        fresh = {
            **key,
            SALT: {"B": secrets.token_bytes(SALT_BYTES)},
            EXPIRES_AT: {"N": str((_end_ms(day) + GRACE_MS) // 1000)},
        }
        try:
            store.client.put_item(
                TableName=store.tables.settings,
                Item=fresh,
                ConditionExpression="attribute_not_exists(#kind)",
                ExpressionAttributeNames={"#kind": KIND},
            )
        except store.client.exceptions.ConditionalCheckFailedException:
            continue  # another server was first
        except store_errors(store.client) as error:
            raise translate(error, "PutItem", store.tables.settings) from error
        return bytes(fresh[SALT]["B"])
    raise ThrottledError("PutItem")


def _salt_key(day: Day) -> Item:
    return {KIND: {"S": _SALT_KIND}, NAME: {"S": " ".join(day)}}


def _day_in(item: Item) -> Day:
    timezone, _, day = item[NAME]["S"].partition(" ")
    return timezone, day


def _is_over(day: Day, now_ms: int) -> bool:
    return now_ms > _end_ms(day) + GRACE_MS


@lru_cache(maxsize=1024)
def _end_ms(day: Day) -> int:
    timezone, text = day
    end: datetime = midnight(
        date.fromisoformat(text) + timedelta(days=1), ZoneInfo(timezone)
    )
    return round(end.timestamp() * 1000)
