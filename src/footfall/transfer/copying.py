"""A store copied into another, item for item, while visits go on arriving.

A pass reads every item of the one store, compares it with the other's, and writes what
differs; then it deletes there what is here no longer. Receipts, markers and salts are
items like any other: so an id that was counted before the move is known after it.

    pass, pass, …      while the old store counts: each leaves behind what moved meanwhile
    servers stopped    by the owner; readers' browsers keep their visits and send again
    the last pass      writes what is left, compares all again, and verifies the numbers

A pass needs no memory of the one before it: what is equal is not written. So a copy that
was killed at any moment goes on when it is run again. Items whose time to live is over
are left out of it.

Two notes keep stores from being mixed up: the old store has an id, and the new one says
whose copy it is until it is whole. Whoever serves it before would lose what it counted
to the next pass, so `footfall serve` refuses to.

Rejected: a place in each table to go on from. It saves reading after a kill, and is
wrong for whatever moved before it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from footfall.counters.bulk import delete_items, get_items, put_items, scan
from footfall.counters.port import Item, Store, store_errors, translate
from footfall.counters.tables import EXPIRES_AT, ID, KIND, NAME, Request
from footfall.errors import AlreadyExistsError, InvalidInputError, StoreError
from footfall.visits.baseline import read_item

ITEMS_AT_ONCE = 100  # compared; they take at most 40 MB

_STORE_KEY: Item = {KIND: {"S": "store"}, NAME: {"S": "id"}}
_COPY_KEY: Item = {KIND: {"S": "copy"}, NAME: {"S": "from"}}
_OWN = (_STORE_KEY, _COPY_KEY)  # of each store, and not copied

Key = tuple[str, ...]


@dataclass(slots=True)
class Pass:
    """What a pass did.

    Attributes:
        items: Items of the old store that were compared.
        written: Those that were written, as they were missing or differed.
        deleted: Items of the new store that the old one has no longer.
    """

    items: int = 0
    written: int = 0
    deleted: int = 0

    @property
    def moved(self) -> int:
        """How much was not the same."""
        return self.written + self.deleted


def begin_copy(source: Store, target: Store, new_id: str) -> None:
    """See that `target` may become a copy of `source`, and note that it does.

    Args:
        source: The old store; it gets an id, if it has none.
        target: The new one: empty, or an unfinished copy of the same store.
        new_id: The id to give.

    Raises:
        InvalidInputError: Both are one store.
        AlreadyExistsError: The new store holds something else.
        UnavailableError, ThrottledError, IndeterminateError: Begin again.
    """
    id = _id_of(source, new_id)
    if read_item(target, target.tables.settings, _STORE_KEY) == {**_STORE_KEY, **id}:
        raise InvalidInputError("to", "is the store that would be copied; name another")
    note = read_item(target, target.tables.settings, _COPY_KEY)
    if note:
        if note[ID] != id[ID]:
            raise AlreadyExistsError(
                "an unfinished copy of another store", "copy into an empty store"
            )
        return
    for table in _tables(target):
        found = _first(scan(target.client, {"TableName": table, "Limit": 1}))
        if found is not None:
            raise AlreadyExistsError(
                f"an item of {table!r} in the store to copy to",
                "copy into an empty store",
            )
    _put_if_absent(target, {**_COPY_KEY, **id})


def is_unfinished(store: Store) -> bool:
    """Whether the store is a copy that the old store may still write over.

    Raises:
        UnavailableError: The store is away.
    """
    return bool(read_item(store, store.tables.settings, _COPY_KEY))


def copy_pass(
    source: Store,
    target: Store,
    now_seconds: Callable[[], float],
    on_items: Callable[[int], None] = lambda _: None,
) -> Pass:
    """Make `target` what `source` is, item for item.

    Args:
        source: The old store; nothing of it is changed.
        target: The new one.
        now_seconds: Seconds since the epoch.
        on_items: Told how many items more were compared.

    Raises:
        UnavailableError, ThrottledError, IndeterminateError: Copy again to go on.
    """
    done = Pass()
    for request, old, new in zip(
        source.tables.create_requests(), _tables(source), _tables(target), strict=True
    ):
        keys = tuple(each["AttributeName"] for each in request["KeySchema"])
        for items in _chunks(scan(source.client, _all(old)), now_seconds):
            found = get_items(target.client, new, [_key(each, keys) for each in items])
            there = {_name(each, keys): each for each in found}
            differing = [each for each in items if there.get(_name(each, keys)) != each]
            put_items(target.client, new, differing)
            done.items += len(items)
            done.written += len(differing)
            on_items(len(items))
        # With its time to live: what is over is no difference, whoever deletes it first.
        named = {f"#{number}": name for number, name in enumerate((*keys, EXPIRES_AT))}
        only_keys: Request = {
            "ProjectionExpression": ", ".join(named),
            "ExpressionAttributeNames": named,
        }
        for items in _chunks(scan(target.client, _all(new, only_keys)), now_seconds):
            wanted = [_key(each, keys) for each in items]
            found = get_items(source.client, old, wanted, only_keys)
            there_still = {_name(each, keys) for each in found}
            gone = [each for each in wanted if _name(each, keys) not in there_still]
            delete_items(target.client, new, gone)
            done.deleted += len(gone)
    return done


def finish_copy(target: Store) -> None:
    """Note that the copy is whole: from now on it is a store of its own.

    Raises:
        ThrottledError, IndeterminateError: Finish again.
    """
    delete_items(target.client, target.tables.settings, [_COPY_KEY])


def count_items(store: Store) -> int:
    """About how many items the store has: DynamoDB counts every six hours."""
    try:
        return sum(
            store.client.describe_table(TableName=table)["Table"].get("ItemCount", 0)
            for table in _tables(store)
        )
    except store_errors(store.client) as error:
        table = store.tables.site_visits
        raise translate(error, "DescribeTable", table) from error


def require_equal(last: Pass) -> None:
    """See that a pass after the last one found nothing to write.

    Raises:
        StoreError: The old store has moved: something still counts in it.
    """
    if last.moved:
        raise StoreError(
            f"{last.moved} items moved while they were copied: the old store is still"
            f" written; stop its servers and finish again"
        )


def _id_of(store: Store, new_id: str) -> Item:
    """The store's id, given to it if it has none."""
    item = read_item(store, store.tables.settings, _STORE_KEY)
    if not item:
        _put_if_absent(store, {**_STORE_KEY, ID: {"S": new_id}})
        item = read_item(store, store.tables.settings, _STORE_KEY)
    return {ID: item[ID]}


def _put_if_absent(store: Store, item: Item) -> None:
    table = store.tables.settings
    try:
        store.client.put_item(
            TableName=table,
            Item=item,
            ConditionExpression="attribute_not_exists(#kind)",
            ExpressionAttributeNames={"#kind": KIND},
        )
    except store.client.exceptions.ConditionalCheckFailedException:
        return  # another run was first
    except store_errors(store.client) as error:
        raise translate(error, "PutItem", table) from error


def _tables(store: Store) -> list[str]:
    return [request["TableName"] for request in store.tables.create_requests()]


def _all(table: str, also: Request | None = None) -> Request:
    return {"TableName": table, "ConsistentRead": True, **(also or {})}


def _chunks(
    items: Iterator[Item], now_seconds: Callable[[], float]
) -> Iterator[list[Item]]:
    """The items that are copied, some at a time."""
    while chunk := list(islice(items, ITEMS_AT_ONCE)):
        now = now_seconds()
        yield [
            each
            for each in chunk
            if not _is_own(each)
            and (EXPIRES_AT not in each or int(each[EXPIRES_AT]["N"]) > now)
        ]


def _is_own(item: Item) -> bool:
    return any(item.items() >= key.items() for key in _OWN)


def _key(item: Item, keys: Key) -> Item:
    return {key: item[key] for key in keys}


def _name(item: Item, keys: Key) -> Key:
    return tuple(item[key]["S"] for key in keys)


def _first(items: Iterator[Item]) -> Item | None:
    return next(items, None)
