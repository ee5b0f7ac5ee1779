"""Named counters and count-downs: created, shown, moved and deleted by name.

Both kinds are items of the table `counters`. A counter has the attribute `value`, a
count-down has `current`; so an addition to a count-down, or a claim from a counter,
finds no attribute and is refused, and a count-down's places stay what they were.

The blocks of a count-down's claims are items of the same table and have neither, so
none is shown or listed.
"""

from dataclasses import dataclass
from typing import Literal

from footfall.counters.blocks import Blocks
from footfall.counters.bulk import delete_items, scan
from footfall.counters.countdown import Claim, Countdown
from footfall.counters.counter import Counter
from footfall.counters.names import check_amount, check_name, describe_key
from footfall.counters.port import (
    Item,
    Store,
    retry_conflicts,
    store_errors,
    translate,
    translate_read,
)
from footfall.counters.tables import CURRENT, FLOOR, NAME, START, VALUE, Request
from footfall.errors import (
    AlreadyExistsError,
    CounterNotFoundError,
    IndeterminateError,
    InvalidInputError,
    NotANumberError,
    ThrottledError,
)

# A try fails when a block was set aside meanwhile, which takes hundreds of claims.
DELETE_TRIES_MAX = 5

# What a list or a page of one counter reads: never the claims, which may be large.
_SHOWN = (NAME, VALUE, CURRENT, START, FLOOR)


@dataclass(frozen=True, slots=True)
class NamedCounter:
    """A counter or a count-down as it stands; a counter has no start and no floor."""

    name: str
    kind: Literal["counter", "countdown"]
    value: int
    start: int | None = None
    floor: int | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """A counter's value after an addition, and whether its id was new."""

    value: int
    outcome: Literal["counted", "duplicate"]


def create_counter(store: Store, name: str, value: int) -> None:
    """Create a counter at `value`.

    Raises:
        InvalidInputError: The name or the value is not valid. Nothing was written.
        AlreadyExistsError: The name is taken. Nothing was written.
        ThrottledError: Nothing was written. Retry after a pause.
        IndeterminateError: No answer came. Show the counter before retrying.
    """
    check_name(name)
    item = {NAME: {"S": name}, VALUE: {"N": str(check_amount(value, "value"))}}
    try:
        store.client.put_item(
            TableName=store.tables.counters,
            Item=item,
            ConditionExpression="attribute_not_exists(#name)",
            ExpressionAttributeNames={"#name": NAME},
        )
    except store.client.exceptions.ConditionalCheckFailedException as error:
        raise AlreadyExistsError(f"the counter {name!r}") from error
    except store_errors(store.client) as error:
        raise translate(error, "PutItem", store.tables.counters) from error


def create_countdown(store: Store, name: str, value: int, floor: int = 0) -> None:
    """Create a count-down from `value` to `floor`; errors as `create_counter`."""
    Countdown(
        store.client,
        name=name,
        start=check_amount(value, "value"),
        floor=floor,
        table=store.tables.counters,
    ).create()


def show_counter(store: Store, name: str) -> NamedCounter:
    """The counter or count-down as it stands, read consistently.

    Raises:
        InvalidInputError: The name is not valid.
        CounterNotFoundError: There is none.
        NotANumberError: Its number is not one.
        UnavailableError: The store is away.
    """
    try:
        answer = store.client.get_item(
            TableName=store.tables.counters,
            Key={NAME: {"S": check_name(name)}},
            ConsistentRead=True,
            **_projection(),
        )
    except store_errors(store.client) as error:
        raise translate_read(error, "GetItem", store.tables.counters) from error
    item: Item = answer.get("Item", {})
    if VALUE not in item and CURRENT not in item:
        raise CounterNotFoundError(_address(store, name))
    return _named(store, item)


def list_counters(store: Store) -> list[NamedCounter]:
    """Every counter and count-down, by name; errors as `show_counter`.

    Cost: a read unit for every 8 KB of the whole table, blocks of claims included.
    """
    request = {"TableName": store.tables.counters, **_projection()}
    found = [
        _named(store, item)
        for item in scan(store.client, request)
        if VALUE in item or CURRENT in item
    ]
    return sorted(found, key=lambda counter: counter.name)


def delete_counter(store: Store, name: str) -> None:
    """Delete a counter, or a count-down with its claims.

    A count-down's own item goes last, and only if no block was set aside meanwhile. So
    what an interruption leaves is still listed, and deleting it again goes on; it may
    refuse claims till then, since nobody can tell whose claims are gone.

    Raises:
        InvalidInputError: The name is not valid. Nothing was deleted.
        CounterNotFoundError: There is none. Nothing was deleted.
        ThrottledError: Nothing was deleted. Retry after a pause.
        IndeterminateError: No answer came, or throttling stopped it half-way. Show the
            counter, and delete it again if it is there.
    """
    item = _delete_item(store, check_name(name), Blocks())
    if item is not None:
        try:
            _delete_with_blocks(store, name, item)
        except ThrottledError as error:
            raise IndeterminateError(error.operation, "stopped half-way") from error


def _delete_with_blocks(store: Store, name: str, item: Item) -> None:
    deleted = Blocks()
    for _ in range(DELETE_TRIES_MAX):
        blocks = Blocks.of(item)
        keys = blocks.keys(name, after=deleted)
        delete_items(store.client, store.tables.counters, keys)
        left = _delete_item(store, name, blocks)
        if left is None:
            return
        item, deleted = left, blocks
    raise ThrottledError("DeleteItem")


def _delete_item(store: Store, name: str, blocks: Blocks) -> Item | None:
    """Delete the item if it has these blocks; otherwise it is answered as it is."""
    condition, names, values = blocks.condition()
    request: Request = {
        "TableName": store.tables.counters,
        "Key": {NAME: {"S": name}},
        "ConditionExpression": f"attribute_exists(#name) AND {condition}",
        "ExpressionAttributeNames": {"#name": NAME, **names},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if values:  # DynamoDB refuses an empty map
        request["ExpressionAttributeValues"] = values
    try:
        retry_conflicts(store.client, lambda: store.client.delete_item(**request))
    except store.client.exceptions.ConditionalCheckFailedException as error:
        item: Item | None = error.response.get("Item")
        if item is None:
            raise CounterNotFoundError(_address(store, name)) from error
        return item
    except store_errors(store.client) as error:
        raise translate(error, "DeleteItem", store.tables.counters) from error
    return None


def add_to_counter(store: Store, name: str, amount: int, *, id: str | None) -> Added:
    """Add to a counter, once for each id; without an id, as often as it is called.

    Raises:
        What `Counter.add_once` raises, and InvalidInputError for a count-down, which
        only claims move.
    """
    counter = Counter(
        store.client,
        table=store.tables.counters,
        key={NAME: check_name(name)},
        attribute=VALUE,
        receipts=store.tables.visit_receipts,
        window_seconds=store.window_seconds,
    )
    try:
        if id is None:
            return Added(counter.add(amount), "counted")
        outcome: Literal["counted", "duplicate"] = (
            "counted" if counter.add_once(amount, id=id) else "duplicate"
        )
        return Added(counter.value(), outcome)
    except CounterNotFoundError:
        if show_counter(store, name).kind == "countdown":
            raise InvalidInputError(
                "name", f"{name!r} is a count-down: claim from it, nothing can be added"
            ) from None
        raise


def claim(store: Store, name: str, *, id: str) -> Claim:
    """Claim a place of an existing count-down; errors as `Countdown.claim`."""
    return Countdown(store.client, name=name, table=store.tables.counters).claim(id=id)


def _named(store: Store, item: Item) -> NamedCounter:
    name = item[NAME]["S"]
    attribute = CURRENT if CURRENT in item else VALUE
    if "N" not in item[attribute]:
        raise NotANumberError(
            _address(store, name), attribute, "delete the counter and create it again"
        )
    if attribute == VALUE:
        return NamedCounter(name, "counter", int(item[VALUE]["N"]))
    return NamedCounter(
        name,
        "countdown",
        int(item[CURRENT]["N"]),
        start=int(item[START]["N"]),
        floor=int(item[FLOOR]["N"]),
    )


def _projection() -> dict[str, object]:
    names = {f"#{attribute}": attribute for attribute in _SHOWN}
    return {
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": names,
    }


def _address(store: Store, name: str) -> str:
    return describe_key(store.tables.counters, {NAME: name})
