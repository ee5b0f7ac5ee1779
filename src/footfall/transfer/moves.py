"""What an import adds to a site, and the transaction that adds it. Pure.

    Update  siteVisits        visits + n; the site must exist
    Update  footfallSettings  the baseline's `imported` + n: what tells whoever reads
                              days of long ago that one has moved
    Update  visitRollups      each bucket, its increments
    …       footfallSettings  the note that says what was imported, so that it never is
                              again (`visits.imported`); of an export also the notes
                              that are in it

All of it or nothing, as a visit is. An import leaves no receipts, so the hours that it
counts in say how much of them it is.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from footfall.counters.port import TRANSACTION_ACTIONS_MAX, Item
from footfall.counters.tables import (
    BUCKET,
    IMPORTED,
    KIND,
    LINES,
    SITE_URL,
    VALUE,
    VISITS,
    Request,
    Tables,
)
from footfall.transfer.document import Day, Note, Values
from footfall.visits.baseline import baseline_key
from footfall.visits.dimensions import (
    DAY,
    EVENT,
    IMPORTED_PREFIX,
    NUMBER_BYTES_MAX,
    OTHER,
    PAGE,
    PART_BYTES_MAX,
    ROBOT,
    TOTAL_PREFIX,
    UNHOURED,
    UNPAGED,
    VALUE_PREFIX,
    VISITORS,
)
from footfall.visits.imported import note_key
from footfall.visits.transaction import total_address

# An UpdateExpression has at most 4 KB and 300 operators (DynamoDB Developer Guide,
# "Expressions": limits); "#250 :250, " takes 11 bytes.
ATTRIBUTES_MAX = 250
# Of a transaction's 4 MB, with room for the names of its attributes.
BYTES_MAX = 1_000_000
# The site's own item, the baseline and the note.
FIXED_ACTIONS = 3
BUCKETS_MAX = TRANSACTION_ACTIONS_MAX - FIXED_ACTIONS

_VALUES_MAX = ATTRIBUTES_MAX - 1  # of a step; what was imported is one more
_PARTS_MAX = 99  # two digits name a part


Amounts = dict[str, dict[str, int]]  # bucket -> attribute -> what is added


@dataclass(frozen=True, slots=True)
class Step:
    """What is added together, in one transaction.

    Attributes:
        amounts: To each bucket, what its attributes grow by.
        visits: How many visits it is, which move the site's number too.
        notes: Notes of what the site that it was exported from had imported.
    """

    amounts: Amounts = field(default_factory=dict)
    visits: int = 0
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class Sum:
    """Steps that go into one transaction, merged."""

    amounts: Amounts = field(default_factory=dict)
    visits: int = 0
    notes: list[Note] = field(default_factory=list)
    steps: int = 0
    _bytes: int = 0

    def takes(self, step: Step) -> bool:
        """Whether the transaction has room for another step."""
        if self._bytes + _size(step) > BYTES_MAX and self.steps:
            return False
        items = len(self.amounts.keys() | step.amounts)
        if items + len(self.notes) + len(step.notes) > BUCKETS_MAX:
            return False
        return all(
            len(self.amounts.get(bucket, {}).keys() | amounts) <= ATTRIBUTES_MAX
            for bucket, amounts in step.amounts.items()
        )

    def add(self, step: Step) -> None:
        """Merge a step that it takes."""
        for bucket, amounts in step.amounts.items():
            merged = self.amounts.setdefault(bucket, {})
            for attribute, amount in amounts.items():
                merged[attribute] = merged.get(attribute, 0) + amount
        self.visits += step.visits
        self.notes += step.notes
        self.steps += 1
        self._bytes += _size(step)


def day_step(day: Day) -> Step:
    """What a day of an export adds.

    All of it is without a page until its pages come: so a day is the sum of its pages
    and what is unpaged at every moment of an import.
    """
    amounts = {DAY: day.visits, UNPAGED: day.visits}
    for hour, visits in day.hours.items():
        amounts |= {hour: visits, IMPORTED_PREFIX + hour: visits}
    unhoured = day.visits - sum(day.hours.values())
    amounts |= {VISITORS: day.visitors, IMPORTED_PREFIX + VISITORS: day.visitors}
    amounts |= {UNHOURED: unhoured}
    told = {name: amount for name, amount in amounts.items() if amount}
    return Step({TOTAL_PREFIX + day.day: {DAY: day.visits, **told}}, day.visits)


def values_steps(values: Values) -> Iterator[Step]:
    """What a day's values of a dimension add, spread over as few items as they fit.

    So the steps follow from the lines alone, whatever store they are for; a report adds
    up whatever parts there are. An item takes a further step when it has more values
    than one write can name.
    """
    named = {VALUE_PREFIX + value: visits for value, visits in values.values.items()}
    size = sum(len(name.encode()) + NUMBER_BYTES_MAX for name in named)
    count = min(max(1, 2 * size // PART_BYTES_MAX), _PARTS_MAX)
    by_part: dict[int, dict[str, int]] = {}
    for name, visits in named.items():
        part = zlib.crc32(name.encode()) % count
        by_part.setdefault(part, {})[name] = visits
    if values.other:
        by_part.setdefault(0, {})[OTHER] = values.other
    for part, amounts in sorted(by_part.items()):
        names = list(amounts)
        for start in range(0, len(names), _VALUES_MAX):
            some = {name: amounts[name] for name in names[start : start + _VALUES_MAX]}
            bucket, moved = f"{values.dimension}#{values.day}#{part:02d}", dict(some)
            step: Amounts = {bucket: moved}
            if values.dimension == PAGE:
                step[TOTAL_PREFIX + values.day] = {UNPAGED: -sum(some.values())}
            elif values.dimension in (EVENT, ROBOT):
                moved[IMPORTED_PREFIX] = sum(some.values())
            yield Step(step)


def _size(step: Step) -> int:
    """About what a step takes in a transaction, in bytes."""
    return sum(
        len(name.encode()) + NUMBER_BYTES_MAX
        for amounts in step.amounts.values()
        for name in amounts
    ) + sum(len(note.lines) for note in step.notes)


def import_actions(
    tables: Tables, site: str, added: Sum, note: Request
) -> list[Request]:
    """The transaction that adds a sum: the note's action first, its own notes' last."""
    number = {":visits": {"N": str(added.visits)}}
    # A transaction of pages or robots alone must show, too: it moves days of long ago.
    moved = {":moved": {"N": str(max(1, added.visits))}}
    return [
        note,
        {
            "Update": {
                **total_address(tables, site, 0),
                "UpdateExpression": f"SET {VISITS} = {VISITS} + :visits",
                "ExpressionAttributeValues": number,
            }
        },
        {
            "Update": {
                "TableName": tables.settings,
                "Key": baseline_key(site),
                "UpdateExpression": "ADD #imported :moved",
                "ConditionExpression": "attribute_exists(#kind)",
                "ExpressionAttributeNames": {"#imported": IMPORTED, "#kind": KIND},
                "ExpressionAttributeValues": moved,
            }
        },
        *(_add(tables, site, *entry) for entry in added.amounts.items()),
        *(_put(tables, site, note) for note in added.notes),
    ]


def _put(tables: Tables, site: str, note: Note) -> Request:
    said: Item = {LINES: {"B": note.lines}} if note.lines else {}
    if note.visits:
        said |= {VALUE: {"N": str(note.visits)}}
    return {
        "Put": {
            "TableName": tables.settings,
            "Item": {**note_key(site, note.note), **said},
            "ConditionExpression": "attribute_not_exists(#kind)",
            "ExpressionAttributeNames": {"#kind": KIND},
        }
    }


def _add(tables: Tables, site: str, bucket: str, amounts: Mapping[str, int]) -> Request:
    numbered = list(enumerate(amounts.items()))
    return {
        "Update": {
            "TableName": tables.visit_rollups,
            "Key": {SITE_URL: {"S": site}, BUCKET: {"S": bucket}},
            "UpdateExpression": "ADD " + ", ".join(f"#{i} :{i}" for i, _ in numbered),
            "ExpressionAttributeNames": {f"#{i}": name for i, (name, _) in numbered},
            "ExpressionAttributeValues": {
                f":{i}": {"N": str(amount)} for i, (_, amount) in numbered
            },
        }
    }
