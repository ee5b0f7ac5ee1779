"""Lines of logs, counted once each: batches in, transactions out.

Lines wait in memory by their hour of UTC until `WAITING_MAX` do, or the file ends. Then
each hour's go into a transaction of their own: what they add, and the note that names
them (`transfer.ledger`). The embedded engine takes all hours' under one fsync.

Whoever is killed at any moment has counted whole transactions; the next run reads their
notes and counts the rest. A note that is there already was put by a try whose answer was
lost, or by another import: either way its lines are counted, and what is left of the
batch goes under the next number.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from footfall.counters.backoff import pause
from footfall.counters.port import (
    Store,
    batching,
    reason_codes,
    retry_conflicts,
    store_errors,
)
from footfall.counters.tables import Request
from footfall.errors import IndeterminateError, ThrottledError
from footfall.transfer.entries import Entry
from footfall.transfer.ledger import (
    LINES_MAX,
    Names,
    hour_of,
    put_note,
    read_hour,
    read_note,
)
from footfall.transfer.moves import Amounts, Step, Sum, import_actions
from footfall.transfer.refusals import explained
from footfall.visits.baseline import ensure_baseline
from footfall.visits.dimensions import (
    DAY,
    IMPORTED_PREFIX,
    PAGE,
    TOTAL_PREFIX,
    UNPAGED,
    VALUE_PREFIX,
    local_hour,
    quarter_of,
    value_bucket,
)
from footfall.visits.parts import Parts, Placed, parts_of_many, read_values
from footfall.visits.receipts import APART
from footfall.visits.site import Site

# Three dimensions of many values in 16 parts each, and the others, are 52 items.
PARTS_MAX = 16
WAITING_MAX = LINES_MAX
# Whose names are remembered: the busiest hour's, or many quiet ones'.
HOURS_MAX = 500
NAMES_MAX = 500_000  # some 80 bytes each

_TRIES_MAX = 8
_PAUSE_SECONDS, _PAUSE_SECONDS_MAX = 0.1, 5.0

_Line = tuple[int, str, tuple[tuple[str, str], ...]]  # quarter, kind, values
_Sent = tuple[int, list[int], Request]  # the hour, the lines' names, the transaction


@dataclass(slots=True)
class _Hour:
    """An hour of UTC: the names counted, how many notes hold them, and who waits."""

    known: set[int]
    notes: int
    waiting: dict[int, _Line] = field(default_factory=dict)


class LineCounter:
    """Counts a file's entries for a site, each once for ever.

    Args:
        store: Where the site is.
        site: The site.

    Attributes:
        views, events, robots: What was counted so far.
        again: Lines that an import had counted before.
    """

    def __init__(self, store: Store, site: Site) -> None:
        ensure_baseline(store, site.url)
        self._store = store
        self._site = site
        self._names = Names()
        self._hours: OrderedDict[int, _Hour] = OrderedDict()
        self._waiting = 0
        self._remembered = 0
        self._parts = Parts(partial(read_values, store))
        self._parts_of_many = min(parts_of_many(store.client), PARTS_MAX)
        self.views = self.events = self.robots = self.again = 0

    def add(self, entry: Entry) -> None:
        """Take the file's next entry; errors as `flush`."""
        name = self._names.name(entry.identity)
        number = hour_of(entry.at_ms)
        hour = self._hours.get(number)
        if hour is None:
            hour = self._open(number)
        if name in hour.known:
            self.again += 1
            return
        hour.known.add(name)
        hour.waiting[name] = (quarter_of(entry.at_ms), entry.kind, entry.values)
        self._waiting += 1
        self._remembered += 1
        if self._waiting >= WAITING_MAX:
            self.flush()

    def flush(self) -> None:
        """Count all that waits, durably.

        Raises:
            SiteNotFoundError, NotANumberError: The site is gone, or its number is none.
            ThrottledError, UnavailableError, IndeterminateError: Some may be counted;
                import the file again to go on.
        """
        while self._waiting:
            self._send(
                [
                    self._request(number, hour)
                    for number, hour in self._hours.items()
                    if hour.waiting
                ]
            )
        self._forget()

    def _open(self, number: int) -> _Hour:
        known, notes = read_hour(self._store, self._site.url, number)
        self._hours[number] = hour = _Hour(known, notes)
        self._remembered += len(known)
        if len(self._hours) > HOURS_MAX or self._remembered > NAMES_MAX:
            self.flush()
        return hour

    def _forget(self) -> None:
        """Let the hours go that were opened first, but the last."""
        while len(self._hours) > 1 and (
            len(self._hours) > HOURS_MAX // 2 or self._remembered > NAMES_MAX // 2
        ):
            _, hour = self._hours.popitem(last=False)
            self._remembered -= len(hour.known)

    def _request(self, number: int, hour: _Hour) -> _Sent:
        """The transaction of the first of an hour's lines, as many as it takes."""
        names = list(hour.waiting)
        amounts = self._amounts(hour, names)
        while len(names) > 1 and not Sum().takes(Step(amounts)):
            names = names[: len(names) // 2]
            amounts = self._amounts(hour, names)
        views = sum(hour.waiting[name][1] == "view" for name in names)
        added = Sum()
        added.add(Step(self._admitted(amounts), views))
        note = put_note(self._store, self._site.url, number, hour.notes, names)
        actions = import_actions(self._store.tables, self._site.url, added, note)
        return number, names, {"TransactItems": actions}

    def _amounts(self, hour: _Hour, names: Iterable[int]) -> Amounts:
        """What lines add to each bucket."""
        alike: dict[_Line, int] = {}
        for name in names:
            line = hour.waiting[name]
            alike[line] = alike.get(line, 0) + 1
        amounts: Amounts = {}
        for (quarter, kind, values), count in alike.items():
            day, of_day = local_hour(self._site.timezone, quarter)
            if kind == "view":
                total = amounts.setdefault(TOTAL_PREFIX + day, {})
                for attribute in (DAY, of_day, IMPORTED_PREFIX + of_day):
                    total[attribute] = total.get(attribute, 0) + count
                if all(dimension != PAGE for dimension, _ in values):
                    total[UNPAGED] = total.get(UNPAGED, 0) + count
            for dimension, value in values:
                bucket = value_bucket(dimension, day, value, self._parts_of_many)
                of_bucket = amounts.setdefault(bucket, {})
                attribute = VALUE_PREFIX + value
                of_bucket[attribute] = of_bucket.get(attribute, 0) + count
                if dimension in APART:
                    imported = of_bucket.get(IMPORTED_PREFIX, 0)
                    of_bucket[IMPORTED_PREFIX] = imported + count
        return amounts

    def _admitted(self, amounts: Amounts) -> Amounts:
        """The same, and what has no room in its part under `other`."""
        moves = [
            Placed(self._site.url, (bucket,), attribute)
            for bucket, of_bucket in amounts.items()
            for attribute in of_bucket
            if attribute.startswith(VALUE_PREFIX)
        ]
        admitted: Amounts = {
            bucket: {
                attribute: amount
                for attribute, amount in of_bucket.items()
                if not attribute.startswith(VALUE_PREFIX)
            }
            for bucket, of_bucket in amounts.items()
        }
        for move, (bucket, name) in zip(moves, self._parts.admit(moves), strict=True):
            of_bucket = admitted[bucket]
            of_bucket[name] = of_bucket.get(name, 0) + amounts[bucket][move.value]
        return admitted

    # Sending

    def _send(self, requests: Sequence[_Sent]) -> None:
        client = batching(self._store.client)
        if client is None:
            for number, names, request in requests:
                self._send_one(number, names, request)
            return
        try:
            answers = client.batch(
                [("TransactWriteItems", request) for _, _, request in requests]
            )
        except store_errors(client) as error:
            raise explained(self._store, self._site.url, error) from error
        for (number, names, request), answer in zip(requests, answers, strict=True):
            if isinstance(answer, Exception):
                self._send_one(number, names, request)
            else:
                self._note_counted(number, names)

    def _send_one(self, number: int, names: list[int], request: Request) -> None:
        """Send an hour's lines until it is known that they are counted."""
        client = self._store.client
        for attempt in range(1, _TRIES_MAX + 1):
            try:
                retry_conflicts(client, lambda: client.transact_write_items(**request))
            except store_errors(client) as error:
                if reason_codes(error)[:1] == ["ConditionalCheckFailed"]:
                    self._reconcile(number, names)
                    return
                failed = explained(self._store, self._site.url, error)
                retried = isinstance(failed, IndeterminateError | ThrottledError)
                if not retried or attempt == _TRIES_MAX:
                    raise failed from error
                pause(
                    attempt,
                    first_seconds=_PAUSE_SECONDS,
                    seconds_max=_PAUSE_SECONDS_MAX,
                )
            else:
                self._note_counted(number, names)
                return

    def _reconcile(self, number: int, names: list[int]) -> None:
        """Somebody put the note: this import, if it holds these lines; or another."""
        hour = self._hours[number]
        if read_note(self._store, self._site.url, number, hour.notes) == set(names):
            self._note_counted(number, names)
            return
        counted, hour.notes = read_hour(self._store, self._site.url, number)
        for name in counted & hour.waiting.keys():
            del hour.waiting[name]
            self._waiting -= 1
            self.again += 1
        self._remembered += len(counted - hour.known)
        hour.known |= counted

    def _note_counted(self, number: int, names: list[int]) -> None:
        hour = self._hours[number]
        hour.notes += 1
        self._waiting -= len(names)
        for name in names:
            _, kind, _ = hour.waiting.pop(name)
            if kind == "view":
                self.views += 1
            elif kind == "robot":
                self.robots += 1
            else:
                self.events += 1
