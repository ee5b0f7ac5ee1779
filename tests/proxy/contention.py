"""What Amazon DynamoDB refuses and DynamoDB Local lets through; no I/O, no clock.

DynamoDB Local does one request after another, so no two ever meet. On AWS they do
(DynamoDB Developer Guide, Transaction conflict handling in DynamoDB):

    TransactWriteItems     an item that another transaction writes cancels it
    PutItem, UpdateItem,   are rejected on an item that a transaction writes
      DeleteItem
    TransactGetItems       an item that anything writes cancels it
    GetItem, Query, Scan,  meet no conflict: they read what was last committed. The
      batches                guide names none for BatchWriteItem either, nor does the
                             API Reference list an error for it

A transaction holds its items for as long as it runs, 10 to 20 ms. A repeat under the
ClientRequestToken of one that still runs is rejected; a repeat of one that was
committed holds nothing and is for the store to answer (Developer Guide, Idempotency).

An item takes 1,000 write units a second, since a partition does (Developer Guide,
Burst and adaptive capacity). A unit is a KB; a transaction writes each item twice, to
prepare and to commit it (Developer Guide, Capacity management for transactions).

Not modelled: a transaction that reads holds nothing; a plain read sees what a
transaction wrote while it is still held; BatchWriteItem is never throttled; a write's
size is that of its request, not of the item that is there.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from tests.proxy.refusals import (
    CONFLICT,
    CONFLICT_REASON,
    IN_PROGRESS,
    NO_REASON,
    REPEATED_ITEM,
    THROTTLED_REASON,
    THROUGHPUT,
    Refusal,
    cancelled,
)

HOLD_SECONDS = (0.010, 0.020)
UNITS_PER_SECOND = 1_000
UNIT_BYTES = 1_024
TRANSACTION_UNITS_FACTOR = 2
TOKEN_SECONDS = 600  # how long a committed transaction's token is remembered

Request = Mapping[str, Any]
Item = tuple[Any, ...]  # the table, then each key attribute's name, type and value

# What reading a request raises that is not of the form that the API Reference gives.
_MALFORMED = (ArithmeticError, AttributeError, KeyError, TypeError, ValueError)

_TRANSACTIONS = frozenset(("TransactWriteItems", "TransactGetItems"))
_SINGLE_WRITES = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}
# What of a write takes room in the item, or will.
_SIZED = ("Item", "Key", "ExpressionAttributeValues")


@dataclass(slots=True)
class Tally:
    """What was seen and done, for tests and benchmarks.

    Attributes:
        requests: By operation, those that were refused too.
        conflicts: Requests refused because an item was held, by operation.
        throttled: Requests refused because an item's units were spent, by operation.
        in_progress: Repeats refused because the first one still ran.
        committed: Transactions that wrote; their repeats are not counted.
        write_units: What these cost.
    """

    requests: Counter[str] = field(default_factory=Counter)
    conflicts: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    in_progress: int = 0
    committed: int = 0
    write_units: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON's types."""
        return {
            "requests": dict(self.requests),
            "conflicts": dict(self.conflicts),
            "throttled": dict(self.throttled),
            "in_progress": self.in_progress,
            "committed": self.committed,
            "write_units": self.write_units,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Admission:
    """A request that may go to the store; `Contention.finish` ends it.

    Attributes:
        until: When it may be answered, and finished, at the earliest.
        held: Items that no other transaction and no single write may touch meanwhile.
        written: Items that a single write touches, which only reading transactions
            mind.
        token: The transaction's ClientRequestToken.
        units: What it costs if it is committed.
    """

    until: float
    held: tuple[Item, ...] = ()
    written: tuple[Item, ...] = ()
    token: str | None = None
    units: int = 0


class Contention:
    """Decides which requests may go to the store, as AWS would.

    Each request is admitted or refused; one that was admitted is finished when it has
    been answered. Times are seconds of any clock that does not go back.
    """

    def __init__(
        self,
        *,
        hold_seconds: tuple[float, float] = HOLD_SECONDS,
        units_per_second: int = UNITS_PER_SECOND,
        seed: int = 0,
    ) -> None:
        self.tally = Tally()
        self._hold_seconds = hold_seconds
        self._random = random.Random(seed)
        self._keys: dict[str, tuple[str, ...]] = {}
        self._held: set[Item] = set()
        self._written: Counter[Item] = Counter()
        self._running: set[str] = set()
        self._committed: dict[str, float] = {}
        self._budgets = _Budgets(units_per_second)

    def learn(self, description: Request) -> None:
        """Remember a table's key, of CreateTable's or DescribeTable's answer."""
        self._keys[description["TableName"]] = tuple(
            element["AttributeName"] for element in description["KeySchema"]
        )

    def unknown_tables(self, operation: str, request: Request) -> set[str]:
        """The tables that a request puts items into, and whose key is not known."""
        try:
            return {
                content["TableName"]
                for kind, content in _actions(operation, request)
                if kind == "Put" and content["TableName"] not in self._keys
            }
        except _MALFORMED:
            return set()

    def admit(
        self, operation: str, request: Request, now: float
    ) -> Admission | Refusal:
        """Let a request through, or refuse it.

        One that is malformed, or of a table that was never learned, is let through:
        the store says what is wrong with it.
        """
        self.tally.requests[operation] += 1
        try:
            actions = _actions(operation, request)
            items = [self._item(kind, content) for kind, content in actions]
        except _MALFORMED:
            return Admission(now)
        if operation in _TRANSACTIONS and len(set(items)) < len(items):
            return REPEATED_ITEM
        if operation == "TransactWriteItems":
            units = [TRANSACTION_UNITS_FACTOR * _units(each) for _, each in actions]
            token = request.get("ClientRequestToken")
            return self._admit_transaction(items, units, token, now)
        if operation == "TransactGetItems":
            return self._refuse_conflict(
                operation,
                [item in self._held or item in self._written for item in items],
            ) or Admission(now)
        if operation in _SINGLE_WRITES:
            (item,), ((_, content),) = items, actions
            if item in self._held:
                self.tally.conflicts[operation] += 1
                return CONFLICT
            units_of_item = _units(content)
            if self._budgets.lacks(item, units_of_item, now):
                self.tally.throttled[operation] += 1
                return THROUGHPUT
            self._budgets.spend(item, units_of_item, now)
        self._written.update(items)
        return Admission(now, written=tuple(items))

    def finish(self, admission: Admission, *, committed: bool, now: float) -> None:
        """Release what a request holds.

        Args:
            admission: What `admit` returned.
            committed: Whether the store answered that it was done.
            now: The time.
        """
        self._held.difference_update(admission.held)
        self._written -= Counter(admission.written)
        if admission.token is not None:
            self._running.discard(admission.token)
        if not (committed and admission.held):
            return
        self.tally.committed += 1
        self.tally.write_units += admission.units
        if admission.token is not None:
            self._committed[admission.token] = now
            # The oldest come first
            while now - next(iter(self._committed.values())) > TOKEN_SECONDS:
                del self._committed[next(iter(self._committed))]

    def _admit_transaction(
        self, items: list[Item], units: list[int], token: str | None, now: float
    ) -> Admission | Refusal:
        operation = "TransactWriteItems"
        if token is not None:
            if token in self._running:
                self.tally.in_progress += 1
                return IN_PROGRESS
            if now - self._committed.get(token, -TOKEN_SECONDS) < TOKEN_SECONDS:
                return Admission(now)
        conflict = self._refuse_conflict(
            operation, [item in self._held for item in items]
        )
        if conflict:
            return conflict
        spent = [
            self._budgets.lacks(item, cost, now)
            for item, cost in zip(items, units, strict=True)
        ]
        if any(spent):
            self.tally.throttled[operation] += 1
            return cancelled(
                [THROTTLED_REASON if each else NO_REASON for each in spent]
            )
        for item, cost in zip(items, units, strict=True):
            self._budgets.spend(item, cost, now)
        self._held.update(items)
        if token is not None:
            self._running.add(token)
        until = now + self._random.uniform(*self._hold_seconds)
        return Admission(until, held=tuple(items), token=token, units=sum(units))

    def _refuse_conflict(self, operation: str, busy: list[bool]) -> Refusal | None:
        if not any(busy):
            return None
        self.tally.conflicts[operation] += 1
        return cancelled([CONFLICT_REASON if each else NO_REASON for each in busy])

    def _item(self, kind: str, content: Request) -> Item:
        """Which item an action is of; two ways of writing a number are one key."""
        table = content["TableName"]
        if kind == "Put":
            key = {name: content["Item"][name] for name in self._keys[table]}
        else:
            key = content["Key"]
        item = [table]
        for name in sorted(key):
            ((kind_of_value, value),) = key[name].items()
            item += (
                name,
                kind_of_value,
                Decimal(value) if kind_of_value == "N" else str(value),
            )
        return tuple(item)


class _Budgets:
    """A token bucket for each item: a second's units, filled again within a second."""

    def __init__(self, units_per_second: int) -> None:
        self._rate = units_per_second
        self._left: dict[Item, tuple[float, float]] = {}  # units, and when
        self._cleared = 0.0

    def lacks(self, item: Item, units: int, now: float) -> bool:
        return self._available(item, now) < units

    def spend(self, item: Item, units: int, now: float) -> None:
        if now - self._cleared >= 1:
            self._cleared = now
            # After a second without a write a bucket is full, as a new one is
            self._left = {
                item: left for item, left in self._left.items() if now - left[1] < 1
            }
        self._left[item] = (self._available(item, now) - units, now)

    def _available(self, item: Item, now: float) -> float:
        units, then = self._left.get(item, (self._rate, now))
        return min(self._rate, units + (now - then) * self._rate)


def _actions(operation: str, request: Request) -> list[tuple[str, Request]]:
    """What a request does to single items, in order: the kind, and the rest."""
    if operation in _SINGLE_WRITES:
        return [(_SINGLE_WRITES[operation], request)]
    if operation in _TRANSACTIONS:
        return [pair for action in request["TransactItems"] for pair in action.items()]
    if operation == "BatchWriteItem":
        return [
            (kind.removesuffix("Request"), {"TableName": table, **content})
            for table, entries in request["RequestItems"].items()
            for entry in entries
            for kind, content in entry.items()
        ]
    return []


def _units(content: Request) -> int:
    """What a write costs, by the size of its values as JSON: not less than it is."""
    values: Iterable[Any] = [content[name] for name in _SIZED if name in content]
    return -(-len(msgspec.json.encode(values)) // UNIT_BYTES)
