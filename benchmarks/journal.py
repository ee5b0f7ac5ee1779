"""A journal of visits, folded into totals once: a simulation, on the embedded engine.

Past some 100,000 visits a second the receipt is all that a visit costs: two write units
of 2.04. This is what would take its place (docs/explanation/scale.md):

    journal  SLICE#PART, ENTRY   the ids of visits that one writer took together
    folds    SLICE#PART          `folded`: how many of the slice are in the total
    totals   PART                `visits`, and `watermark`: slices before it are closed

A visit's slice is the second in which its id was made, its part a hash of the id: both
follow from the id, so every copy of a visit lies under one SLICE#PART, whoever took it
and whenever. A Put under a key of its own is idempotent without a condition, and is not
in a transaction: a unit for each KB, of some 25 visits.

A fold reads a slice, counts its distinct ids, and in one transaction adds what is new to
the part's total and notes it, if nobody else did meanwhile. So anybody may fold, twice
or at once, and after a crash: the number is the same. A copy that comes late is seen by
the next fold of its slice. When ids of a slice are older than the window no copy of them
is taken any more: the slice is folded for the last time and the watermark moves past it,
in that order; its entries and its note may go.

What this gives up: the answer can say that a visit is safe, not whether it was counted
before, and the total is as old as the last fold.
"""

import random
import uuid
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from footfall.connect import connect
from footfall.visits.metered import MeteredClient

PARTS = 4
SLICE_SECONDS = 1
WINDOW_SECONDS = 20  # of the simulation; a day in earnest
VISIT_BYTES = 40  # an id of 16 bytes, its page, its referrer's number and so on

JOURNAL, FOLDS, TOTALS = "journal", "folds", "totals"
_COPIES = 0.3  # of the visits are sent again, by browsers whose answer was lost
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run counted, and what it took.

    Attributes:
        made: Distinct visits that were made.
        sent: Visits that were sent, copies included.
        counted: The total in the end.
        write_units: Write units for each visit sent, of the journal alone.
        fold_units: Write units for each visit sent, of the folds.
    """

    made: int
    sent: int
    counted: int
    write_units: float
    fold_units: float


def create_journal_tables(client: Any) -> None:
    """Make the three tables."""
    for table, keys in (
        (JOURNAL, ("slice", "entry")),
        (FOLDS, ("slice",)),
        (TOTALS, ("part",)),
    ):
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": "S"} for key in keys
            ],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
        )


class Journal:
    """The three tables, on any DynamoDB client that has them."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def write(self, ids: Iterable[tuple[int, bytes]]) -> None:
        """Put visits, given as the time in seconds and the id: an entry a slice."""
        entries: dict[str, list[bytes]] = {}
        for made_at, id in ids:
            entries.setdefault(slice_of(made_at, id), []).append(id)
        for name, together in entries.items():
            packed = b"".join(id.ljust(VISIT_BYTES, b"\0") for id in together)
            self._client.put_item(
                TableName=JOURNAL,
                Item={
                    "slice": {"S": name},
                    "entry": {"S": uuid.uuid4().hex},
                    "visits": {"B": packed},
                },
            )

    def fold(self, name: str) -> None:
        """Bring what a slice has into its part's total; anybody may, at any time."""
        part = {"part": {"S": name.partition("#")[2]}}
        while True:
            before = self._noted(name)
            count = self._distinct(name)
            if count == before:
                return
            condition = "folded = :before" if before else "attribute_not_exists(folded)"
            values = {":count": {"N": str(count)}, ":before": {"N": str(before)}}
            if not before:
                del values[":before"]
            note = {
                "TableName": FOLDS,
                "Key": {"slice": {"S": name}},
                "UpdateExpression": "SET folded = :count",
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
            }
            add = {
                "TableName": TOTALS,
                "Key": part,
                "UpdateExpression": "ADD visits :new",
                "ExpressionAttributeValues": {":new": {"N": str(count - before)}},
            }
            try:
                self._client.transact_write_items(
                    TransactItems=[{"Update": note}, {"Update": add}]
                )
            except self._client.exceptions.TransactionCanceledException:
                continue  # somebody else folded: look again

    def close(self, part: int, until: int) -> None:
        """Move a part's watermark; what was folded for the last time may go."""
        self._client.update_item(
            TableName=TOTALS,
            Key={"part": {"S": str(part)}},
            UpdateExpression="SET watermark = :until",
            ExpressionAttributeValues={":until": {"N": str(until)}},
        )

    def total(self) -> int:
        """The sum of the parts."""
        items = self._client.scan(TableName=TOTALS)["Items"]
        return sum(int(item["visits"]["N"]) for item in items if "visits" in item)

    def _noted(self, name: str) -> int:
        answer = self._client.get_item(
            TableName=FOLDS, Key={"slice": {"S": name}}, ConsistentRead=True
        )
        return int(answer.get("Item", {}).get("folded", {"N": "0"})["N"])

    def _distinct(self, name: str) -> int:
        request: dict[str, Any] = {
            "TableName": JOURNAL,
            "KeyConditionExpression": "slice = :slice",
            "ExpressionAttributeValues": {":slice": {"S": name}},
            "ConsistentRead": True,
        }
        ids: set[bytes] = set()
        while True:
            page = self._client.query(**request)
            for item in page["Items"]:
                packed = bytes(item["visits"]["B"])
                starts = range(0, len(packed), VISIT_BYTES)
                ids.update(packed[start : start + _ID_BYTES] for start in starts)
            if "LastEvaluatedKey" not in page:
                return len(ids)
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def slice_of(made_at: int, id: bytes) -> str:
    """Where every copy of a visit lies."""
    return f"{made_at // SLICE_SECONDS}#{zlib.crc32(id) % PARTS}"


def simulate(*, seconds: int, visits_per_second: int, seed: int) -> Figures:
    """Write and fold for some seconds, with copies, late ones, and folds that overlap.

    Args:
        seconds: How long visits are made.
        visits_per_second: How many, in all.
        seed: What happens follows from it.
    """
    chance = random.Random(seed)
    client = MeteredClient(connect(":memory:"))
    create_journal_tables(client)
    journal = Journal(client)
    journal_units = fold_units = 0.0
    sent = 0
    later: dict[int, list[tuple[int, bytes]]] = {}  # when copies arrive
    for now in range(seconds + WINDOW_SECONDS):
        arriving = later.pop(now, [])
        if now < seconds:
            made = [
                (now, chance.randbytes(_ID_BYTES)) for _ in range(visits_per_second)
            ]
            for visit in made:
                if chance.random() < _COPIES:
                    delay = chance.choice((0, 1, WINDOW_SECONDS - 1))
                    later.setdefault(now + delay, []).append(visit)
            arriving += made + later.pop(now, [])
        client.reset()
        sent += len(arriving)
        journal.write(arriving)
        journal_units += client.consumed().write_units
        client.reset()
        _fold_some(journal, now, chance)
        fold_units += client.consumed().write_units
    return Figures(
        made=seconds * visits_per_second,
        sent=sent,
        counted=journal.total(),
        write_units=journal_units / sent,
        fold_units=fold_units / sent,
    )


def _fold_some(journal: Journal, now: int, chance: random.Random) -> None:
    """Fold what is new, a slice now and then twice; close what nobody can reach."""
    for part in range(PARTS):
        for at in (now, now - 1):
            if at >= 0:
                for _ in range(chance.choice((1, 2))):
                    journal.fold(f"{at}#{part}")
        over = now - WINDOW_SECONDS + 1  # no copy of these ids is taken any more
        if over >= 0:
            journal.fold(f"{over}#{part}")
            journal.close(part, over + 1)
