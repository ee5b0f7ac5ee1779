"""The blocks of a count-down: claims that were set aside, an item for each block.

An item holds 400 KB, and each write costs its whole size. So a count-down's own item
holds the claims of one block, the open one, and a full block is moved into an item of
its own by one transaction:

    Put     NAME ␟ SERIES ␟ n + 1    claims                       if absent
    Update  NAME                     claims = {}, blocks = n + 1
            if blocks is n, and series and current are what was read

A block is never written again, so an id that is not in it never will be: whoever has
searched the blocks 1 to n and then writes on the condition that `blocks` is n knows of
every claim there is. The series, 8 random digits made with the count-down, keeps the
blocks of a deleted count-down apart from those of a new one with its name.
"""

import secrets
from dataclasses import dataclass

from footfall.counters.bulk import get_items
from footfall.counters.port import (
    DynamoDBClient,
    Item,
    reason_codes,
    retry_conflicts,
    store_errors,
    translate,
)
from footfall.counters.tables import BLOCKS, CLAIMS, CURRENT, NAME, SERIES, Request
from footfall.errors import StoreError

# Claims in a block. One takes at most 64 bytes of id, 9 of number and 2 of overhead,
# so that a full block is an item of 19 KB. More would make each claim's write dearer,
# fewer the search.
BLOCK_CLAIMS = 250

# Between the parts of a block's key. No name of a counter has it, so no block can be
# shown, claimed from or deleted as one.
_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Blocks:
    """Which blocks of a count-down were set aside: 1 to `count` of one series."""

    series: str = ""
    count: int = 0

    @classmethod
    def of(cls, item: Item) -> "Blocks":
        """Those that a count-down's item tells of."""
        return cls(
            item.get(SERIES, {}).get("S", ""), int(item.get(BLOCKS, {}).get("N", "0"))
        )

    def keys(self, name: str, *, after: "Blocks") -> list[Item]:
        """The keys of the blocks that are not among those of `after`."""
        known = after.count if after.series == self.series else 0
        return [
            {NAME: {"S": _SEPARATOR.join([name, self.series, str(number)])}}
            for number in range(known + 1, self.count + 1)
        ]

    def condition(self) -> tuple[str, dict[str, str], Item]:
        """That a count-down has these blocks: an expression, its names and values."""
        text, names = "attribute_not_exists(#blocks)", {"#blocks": BLOCKS}
        values: Item = {}
        if self.count:
            text = "#blocks = :blocks"
            values[":blocks"] = {"N": str(self.count)}
        if self.series:
            text += " AND #series = :series"
            names["#series"] = SERIES
            values[":series"] = {"S": self.series}
        return text, names, values


def new_series() -> str:
    """What tells one count-down from another of its name."""
    return secrets.token_hex(4)


def find_claim(
    client: DynamoDBClient, table: str, keys: list[Item], id: str
) -> int | None:
    """What `current` was before the claim of `id`, if a block of `keys` has it.

    Raises:
        StoreError: A block is not there, so nobody can tell.
        UnavailableError: The store is away or throttles.

    Cost: 5 read units a block of full length, whatever is projected; the projection
    keeps what is sent short.
    """
    projection = {
        "ProjectionExpression": "#name, #claims.#id",
        "ExpressionAttributeNames": {"#name": NAME, "#claims": CLAIMS, "#id": id},
    }
    blocks = get_items(client, table, keys, projection)
    if len(blocks) < len(keys):
        raise StoreError(
            f"{len(keys) - len(blocks)} of the count-down's blocks of claims are not in"
            f" table {table!r}: it is being deleted, or was half deleted; delete it"
            f" again"
        )
    for block in blocks:
        before = block.get(CLAIMS, {"M": {}})["M"].get(id)
        if before is not None:
            return int(before["N"])
    return None


def set_aside(client: DynamoDBClient, table: str, item: Item, id: str) -> Blocks:
    """Move the claims of a count-down's item, as it was read, into a block.

    Whoever meets a full block does this; one wins. A lost answer is harmless: done
    twice, it fails on its condition, and whoever claims next sees how it stands.

    Args:
        client: Where the count-down is.
        table: The table's name.
        item: The count-down's whole item.
        id: For whose claim it is done.

    Returns:
        The count-down's blocks if this call moved the claims, all of which are known
        then; those that it had before if another was first.

    Raises:
        ThrottledError: Nothing was written. Retry the claim after a pause.
        IndeterminateError: No answer came. Retry the claim.

    Cost: twice a block's size in write units for each of the two items, 76 at most,
    once in `BLOCK_CLAIMS` claims.
    """
    before = Blocks.of(item)
    blocks = Blocks(before.series or new_series(), before.count + 1)
    actions = _set_aside_actions(table, item, before, blocks)
    try:
        retry_conflicts(
            client, lambda: client.transact_write_items(TransactItems=actions)
        )
    except store_errors(client) as error:
        if "ConditionalCheckFailed" in reason_codes(error):
            return before
        raise translate(error, "TransactWriteItems", table, id) from error
    return blocks


def _set_aside_actions(
    table: str, item: Item, before: Blocks, blocks: Blocks
) -> list[Request]:
    (key,) = blocks.keys(item[NAME]["S"], after=Blocks(blocks.series, before.count))
    condition, names, values = before.condition()
    # A claim takes one from `current`, which nothing raises; a block set aside adds
    # one to `blocks`. So as long as both are what they were, the claims are, too.
    condition += " AND #current = :current"
    if not before.series:  # made before there were blocks: it gets its series now
        condition += " AND attribute_not_exists(#series)"
    return [
        {
            "Put": {
                "TableName": table,
                "Item": {**key, CLAIMS: item[CLAIMS]},
                "ConditionExpression": "attribute_not_exists(#name)",
                "ExpressionAttributeNames": {"#name": NAME},
            }
        },
        {
            "Update": {
                "TableName": table,
                "Key": {NAME: item[NAME]},
                "UpdateExpression": (
                    "SET #claims = :none, #blocks = :next, #series = :series"
                ),
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {
                    **names,
                    "#claims": CLAIMS,
                    "#current": CURRENT,
                    "#series": SERIES,
                },
                "ExpressionAttributeValues": {
                    **values,
                    ":current": item[CURRENT],
                    ":none": {"M": {}},
                    ":next": {"N": str(blocks.count)},
                    ":series": {"S": blocks.series},
                },
            }
        },
    ]
