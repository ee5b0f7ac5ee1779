"""The operations on items: get, put, update, delete, and their batches.

Each takes the session of one SQLite transaction and a request of the right form. It
checks, reads and evaluates, and writes last: an error means that nothing was written.

`Change` is the one piece that a single write and an action of a transaction share:
the item as it was, whether the condition holds, and the item as it is to be.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from footfall.embedded import capacity, legacy
from footfall.embedded.attribute import Item, size_bytes, validate_item
from footfall.embedded.capacity import Consumed, collection_metrics
from footfall.embedded.evaluate import (
    ResolvedPath,
    apply_update,
    check,
    project,
    updated_values,
)
from footfall.embedded.exceptions import (
    ConditionalCheckFailedException,
    ResourceNotFoundException,
    SerializationException,
    ValidationException,
)
from footfall.embedded.expressions import Bound, bind
from footfall.embedded.keys import check_scalar_keys, check_update_keys
from footfall.embedded.nodes import Update
from footfall.embedded.schema import Key, Table
from footfall.embedded.storage import Session, encode_item
from footfall.embedded.validation import KEYS_AND_ATTRIBUTES, check_form

ITEM_BYTES_MAX = 400 * 1024
BATCH_GET_MAX = 100
BATCH_WRITE_MAX = 25
BATCH_GET_BYTES_MAX = 16 * 1024 * 1024

Request = Mapping[str, Any]
Answer = dict[str, Any]

_CONDITION = ("ConditionExpression",)
_UPDATE = ("UpdateExpression", "ConditionExpression")
_PROJECTION = ("ProjectionExpression",)


@dataclass(slots=True)
class Change:
    """One write of one item: what is there, and what is to be there.

    Attributes:
        table: The item's table.
        kind: "Put", "Update", "Delete" or "ConditionCheck".
        bound: The expressions.
        item: What a Put stores; for an Update the key, for a new item.
        key: The item's key, as bytes, of `locate`.
        old: The item as it is; None if there is none.
        new: The item as it is to be; None if there is to be none.
        paths: What the update named.
        encoded: `new` as it is stored.
    """

    table: Table
    kind: str
    bound: Bound
    item: Item
    key: Key = (b"", b"")
    old: Item | None = None
    new: Item | None = None
    paths: tuple[ResolvedPath, ...] = ()
    encoded: bytes = b""

    def locate(self) -> None:
        """Check the item against the table's key, and find its place.

        Raises:
            ValidationException: It has not the table's key, or is too large.
        """
        if self.bound.deep:
            check_scalar_keys(self.bound, self.table)
        if self.kind == "Put":
            self.key = self.table.item_key(self.item)
            if self.table.indexes:
                self.table.require_indexable(self.item)
            self.encoded = _encoded(
                self.item, "Item size has exceeded the maximum allowed size"
            )
            return
        self.key = self.table.request_key(self.item)
        if self.bound.update is not None:
            check_update_keys(self.bound.update, self.bound.names, self.table.key_names)

    def holds(self) -> bool:
        """Whether the condition, if any, holds for the item as it is."""
        bound = self.bound
        return bound.condition is None or check(
            bound.condition, self.old or {}, bound.names, bound.values
        )

    def evaluate(self) -> None:
        """Make the item as it is to be.

        Raises:
            ValidationException: The update cannot be done, or the item gets too large.
        """
        match self.kind:
            case "Put":
                self.new = self.item
            case "Update":
                self._update(self.bound.update)
            case "ConditionCheck":
                self.new = self.old

    def _update(self, update: Update | None) -> None:
        if update is None:
            self.new = self.old or self.item
        elif self.old is None and not (update.sets or update.adds):
            return  # a removal from an item that does not exist makes none
        else:
            self.new, self.paths = apply_update(
                update, self.old or self.item, self.bound.names, self.bound.values
            )
        if self.table.indexes:
            self.table.require_indexable(self.new)
        self.encoded = _encoded(
            self.new, "Item size to update has exceeded the maximum allowed size"
        )

    def store(self, session: Session) -> None:
        """Write the item as it is to be."""
        if self.kind == "ConditionCheck":
            return
        if self.new is not None:
            session.put(self.table, [(self.key, self.new, self.encoded)])
        elif self.old is not None:
            session.delete(self.table, [self.key])


def _encoded(item: Item, too_large: str) -> bytes:
    """The item as it is stored, if it is not too large for DynamoDB."""
    encoded = encode_item(item)
    # The encoding is never shorter than DynamoDB's size, so most items need no sum.
    if len(encoded) > ITEM_BYTES_MAX and size_bytes(item) > ITEM_BYTES_MAX:
        raise ValidationException(too_large)
    return encoded


def require_table(session: Session, name: str) -> Table:
    """The table of that name.

    Raises:
        ResourceNotFoundException: There is none.
    """
    table = session.table(name)
    if table is None:
        raise ResourceNotFoundException()
    return table


def change_of(
    session: Session,
    request: Request,
    kind: str,
    bind: Callable[[Request, tuple[str, ...]], Bound],
) -> Change:
    """The change that a request, or an action, asks for; not located, nothing read.

    `bind` is that of `legacy` where the parameters from before expressions are taken.
    """
    item = validate_item(request["Item" if kind == "Put" else "Key"])
    bound = bind(request, _UPDATE if kind == "Update" else _CONDITION)
    return Change(require_table(session, request["TableName"]), kind, bound, item)


def put_item(session: Session, request: Request) -> Answer:
    """PutItem: Amazon DynamoDB API Reference."""
    _require_returnable(request, "ALL_OLD")
    return _write(session, request, "Put")


def update_item(session: Session, request: Request) -> Answer:
    """UpdateItem: Amazon DynamoDB API Reference."""
    try:
        return _write(session, request, "Update")
    except ValidationException as error:
        raise legacy.reworded(request, error) from error


def delete_item(session: Session, request: Request) -> Answer:
    """DeleteItem: Amazon DynamoDB API Reference."""
    _require_returnable(request, "ALL_OLD")
    return _write(session, request, "Delete")


def get_item(session: Session, request: Request) -> Answer:
    """GetItem: Amazon DynamoDB API Reference."""
    answer: Answer = {}
    table, item = read_one(session, request)
    if item is not None:
        answer["Item"] = item
    if capacity.wanted(request):
        whole = session.get(table, table.request_key(validate_item(request["Key"])))
        units = capacity.read_units(
            size_bytes(whole or {}), consistent=bool(request.get("ConsistentRead"))
        )
        consumed = Consumed()
        consumed.add(table, units)
        (answer["ConsumedCapacity"],) = consumed.report(request)
    return answer


def read_one(session: Session, request: Request) -> tuple[Table, Item | None]:
    """The table and the item, projected, that a GetItem or a Get asks for."""
    wanted = validate_item(request["Key"])
    bound = legacy.bind(request, _PROJECTION)
    table = require_table(session, request["TableName"])
    check_scalar_keys(bound, table)
    item = session.get(table, table.request_key(wanted))
    return table, _projected(item, bound)


def batch_get_item(session: Session, request: Request) -> Answer:
    """BatchGetItem: Amazon DynamoDB API Reference."""
    wanted = _batch_keys(request)
    responses: dict[str, list[Item]] = {}
    unprocessed: dict[str, Any] = {}
    consumed = Consumed()
    total = 0
    for name, entry in wanted.items():
        bound = legacy.bind(entry, _PROJECTION)
        table = require_table(session, name)
        check_scalar_keys(bound, table)
        keys = [validate_item(key) for key in entry["Keys"]]
        found = responses.setdefault(name, [])
        places = _distinct(table, keys)
        stored = session.get_many(table, places)
        for key, place in zip(keys, places, strict=True):
            if total > BATCH_GET_BYTES_MAX:
                rest = unprocessed.setdefault(name, {**entry, "Keys": []})
                rest["Keys"].append(key)
                continue
            item = stored.get(place)
            size = size_bytes(item or {})
            total += size
            consistent = bool(entry.get("ConsistentRead"))
            consumed.add(table, capacity.read_units(size, consistent=consistent))
            projected = _projected(item, bound)
            if projected is not None:
                found.append(projected)
    answer: Answer = {"Responses": responses, "UnprocessedKeys": unprocessed}
    if capacity.wanted(request):
        answer["ConsumedCapacity"] = consumed.report(request)
    return answer


def batch_write_item(session: Session, request: Request) -> Answer:
    """BatchWriteItem: Amazon DynamoDB API Reference; each write stands alone."""
    wanted = _batch_writes(request)
    changes: list[Change] = []
    for name, writes in wanted.items():
        places: set[Key] = set()
        for write in writes:
            change = _batch_change(session, name, write)
            if change.key in places:
                raise ValidationException(
                    "Provided list of item keys contains duplicates"
                )
            places.add(change.key)
            changes.append(change)
    consumed = Consumed()
    for change in changes:
        change.old = session.get(change.table, change.key)
        change.evaluate()
        if capacity.wanted(request):
            consumed.add_write(change.table, change.old, change.new)
        change.store(session)
    answer: Answer = {"UnprocessedItems": {}}
    if capacity.wanted(request):
        answer["ConsumedCapacity"] = consumed.report(request)
    if capacity.metrics_wanted(request):
        metrics = collection_metrics((each.table, each.item) for each in changes)
        if metrics:
            answer["ItemCollectionMetrics"] = metrics
    return answer


def _write(session: Session, request: Request, kind: str) -> Answer:
    change = change_of(session, request, kind, legacy.bind)
    change.locate()
    change.old = session.get(change.table, change.key)
    if not change.holds():
        wanted = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        if wanted and change.old is not None:
            raise ConditionalCheckFailedException(Item=change.old)
        raise ConditionalCheckFailedException()
    change.evaluate()
    change.store(session)
    answer: Answer = {}
    attributes = _returned(request.get("ReturnValues", "NONE"), change)
    if attributes:
        answer["Attributes"] = attributes
    if capacity.wanted(request):
        consumed = Consumed()
        consumed.add_write(change.table, change.old, change.new)
        (answer["ConsumedCapacity"],) = consumed.report(request)
    if capacity.metrics_wanted(request):
        for metrics in collection_metrics([(change.table, change.item)]).values():
            (answer["ItemCollectionMetrics"],) = metrics
    return answer


def _returned(wanted: str, change: Change) -> Item | None:
    match wanted:
        case "ALL_OLD":
            return change.old
        case "ALL_NEW":
            return change.new
        case "UPDATED_OLD":
            return updated_values(change.old or {}, change.paths)
        case "UPDATED_NEW":
            return updated_values(change.new or {}, change.paths)
    return None


def _require_returnable(request: Request, *allowed: str) -> None:
    if request.get("ReturnValues", "NONE") not in ("NONE", *allowed):
        raise ValidationException("Return values set to invalid value")


def _projected(item: Item | None, bound: Bound) -> Item | None:
    if item is None or bound.projection is None:
        return item
    return project(bound.projection, item, bound.names)


def _batch_keys(request: Request) -> dict[str, dict[str, Any]]:
    """What a BatchGetItem wants of each table, in the right form and number."""
    wanted = _batch_tables(request)
    for name, entry in wanted.items():
        if not isinstance(entry, dict):
            raise SerializationException("Unexpected field type")
        check_form(entry, KEYS_AND_ATTRIBUTES, f"requestItems.{name}.member.")
    _require_at_most(
        BATCH_GET_MAX, (entry["Keys"] for entry in wanted.values()), "BatchGetItem"
    )
    return wanted


def _batch_writes(request: Request) -> dict[str, list[Any]]:
    """What a BatchWriteItem writes to each table, in the right form and number."""
    wanted = _batch_tables(request)
    for name, writes in wanted.items():
        if not isinstance(writes, list):
            raise SerializationException("Unexpected field type")
        if not writes:
            raise ValidationException(
                f"1 validation error detected: Value '[]' at"
                f" 'requestItems.{name}.member' failed to satisfy constraint: Member"
                " must have length greater than or equal to 1"
            )
        if len(writes) > BATCH_WRITE_MAX:
            raise ValidationException(
                "1 validation error detected: Value at 'requestItems' failed to satisfy"
                " constraint: Map value must satisfy constraint: [Member must have"
                f" length less than or equal to {BATCH_WRITE_MAX}, Member must have"
                " length greater than or equal to 1]"
            )
    _require_at_most(BATCH_WRITE_MAX, wanted.values(), "BatchWriteItem")
    return wanted


def _batch_tables(request: Request) -> dict[str, Any]:
    wanted: dict[str, Any] = request["RequestItems"]
    if not wanted:
        raise ValidationException(
            "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy"
            " constraint: Member must have length greater than or equal to 1"
        )
    return wanted


def _require_at_most(most: int, parts: Iterable[list[Any]], operation: str) -> None:
    if sum(map(len, parts)) > most:
        raise ValidationException(f"Too many items requested for the {operation} call")


def _distinct(table: Table, keys: list[Item]) -> list[Key]:
    places = [table.request_key(key) for key in keys]
    if len(set(places)) < len(places):
        raise ValidationException("Provided list of item keys contains duplicates")
    return places


def _batch_change(session: Session, table: str, write: object) -> Change:
    if isinstance(write, dict):  # a JSON null is as if it were not there
        write = {name: each for name, each in write.items() if each is not None}
    match write:
        case {"PutRequest": {"Item": item}, **rest} if not rest:
            change = change_of(session, {"TableName": table, "Item": item}, "Put", bind)
        case {"DeleteRequest": {"Key": key}, **rest} if not rest:
            change = change_of(
                session, {"TableName": table, "Key": key}, "Delete", bind
            )
        case _:
            raise _no_write(write)
    change.locate()
    return change


def _no_write(write: object) -> ValidationException:
    return ValidationException(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly"
        " one of the supported datatypes"
        if isinstance(write, dict) and len(write) > 1
        else "A write of a batch must be a PutRequest with an Item or a DeleteRequest"
        " with a Key"
    )
