"""TransactWriteItems and TransactGetItems: all or nothing, and at one moment.

Everything is checked before anything is written, so a cancelled transaction has no
effect. Puts that follow one another and differ in their items alone, as receipts do,
share what does not depend on the item: it is checked, parsed and evaluated for the
first of them.

A ClientRequestToken makes a repeat of the same request within ten minutes
answer as the first did, over restarts and processes: its digest is stored with what
the transaction wrote. A cancelled transaction stores no token.

Source: Amazon DynamoDB API Reference, TransactWriteItems.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from footfall.embedded import capacity
from footfall.embedded.attribute import Item, size_bytes, validate_item
from footfall.embedded.capacity import (
    TRANSACTION_FACTOR,
    Consumed,
    collection_metrics,
)
from footfall.embedded.exceptions import (
    ClientError,
    IdempotentParameterMismatchException,
    TransactionCanceledException,
    ValidationException,
)
from footfall.embedded.expressions import Bound, bind
from footfall.embedded.items import (
    Answer,
    Change,
    change_of,
    read_one,
)
from footfall.embedded.schema import Key, Table
from footfall.embedded.storage import Session
from footfall.embedded.validation import ACTIONS, GETS, check_form, one_of

TOKEN_SECONDS = 600
TRANSACTION_BYTES_MAX = 4 * 1024 * 1024

Request = Mapping[str, Any]
Reason = dict[str, Any]

# An action's kind and content, and whether it is a Put that is like the one before.
_Checked = tuple[str, dict[str, Any], bool]
# How many parameters a Put has, and the values of `_SHAPE`.
_Shape = tuple[int, tuple[Any, ...]]

_SHAPE = ("TableName", "ConditionExpression", "ReturnValuesOnConditionCheckFailure")
_SHAPE_NAMES = frozenset({"Item", *_SHAPE})
_NO_REASON: Reason = {"Code": "None"}
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def transact_write_items(session: Session, request: Request, now: float) -> Answer:
    """TransactWriteItems.

    Args:
        session: The SQLite transaction.
        request: Its form at the top level was checked.
        now: Seconds since the epoch.
    """
    actions = request["TransactItems"]
    requests = _requests(actions)
    changes = _changes(session, requests)
    token, digest = request.get("ClientRequestToken"), b""
    if token is not None:
        digest = hashlib.blake2b(_encode(actions), digest_size=16).digest()
        earlier = session.token(token, since=now - TOKEN_SECONDS)
        if earlier is not None:
            if earlier != digest:
                raise IdempotentParameterMismatchException()
            return _repeated(request, changes)
    _locate(changes)
    _require_distinct([(change.table, change.key) for change in changes])
    _read_old(session, changes)
    reasons = _reasons(changes, requests)
    if any(reason is not _NO_REASON for reason in reasons):
        raise _cancelled(reasons)
    _require_size(changes)
    _store(session, changes)
    if token is not None:
        session.put_token(token, digest, now)
    answer: Answer = {}
    if capacity.wanted(request):
        consumed = Consumed()
        for change in changes:
            consumed.add_write(
                change.table, change.old, change.new, factor=TRANSACTION_FACTOR
            )
        answer["ConsumedCapacity"] = consumed.report(request, "Write")
    if capacity.metrics_wanted(request):
        metrics = collection_metrics((each.table, each.item) for each in changes)
        if metrics:
            answer["ItemCollectionMetrics"] = metrics
    return answer


def transact_get_items(session: Session, request: Request) -> Answer:
    """TransactGetItems: every item as it stands at one moment."""
    requests = []
    for number, action in enumerate(request["TransactItems"], 1):
        _, get = one_of(action, GETS)
        check_form(get, GETS["Get"], f"transactItems.{number}.member.get.")
        requests.append(get)
    places: list[tuple[Table, Key]] = []
    responses: list[dict[str, Item]] = []
    consumed = Consumed()
    for get in requests:
        table, item = read_one(session, get)
        key = table.request_key(get["Key"])
        places.append((table, key))
        responses.append({"Item": item} if item is not None else {})
        if capacity.wanted(request):
            size = size_bytes(session.get(table, key) or {})
            units = capacity.read_units(size, consistent=True)
            consumed.add(table, TRANSACTION_FACTOR * units)
    _require_distinct(places)
    answer: Answer = {"Responses": responses}
    if capacity.wanted(request):
        answer["ConsumedCapacity"] = consumed.report(request, "Read")
    return answer


def _requests(actions: list[Any]) -> list[_Checked]:
    """Each action's kind and content, whose form is right."""
    requests: list[_Checked] = []
    shape: _Shape | None = None
    for number, action in enumerate(actions, 1):
        if shape is not None and _is_put(action, shape):
            requests.append(("Put", action["Put"], True))
            continue
        kind, request = _checked(number, action)
        requests.append((kind, request, False))
        shape = _shape_of(request) if kind == "Put" else None
    return requests


def _shape_of(put: dict[str, Any]) -> _Shape | None:
    """What a Put has beside its item; None if it has more than most."""
    if not put.keys() <= _SHAPE_NAMES or None in put.values():
        return None
    return len(put), tuple([put.get(name) for name in _SHAPE])


def _is_put(action: object, shape: _Shape) -> bool:
    """Whether an action is a Put of this shape, and so of the right form as well."""
    if type(action) is not dict or len(action) != 1:
        return False
    put = action.get("Put")
    if type(put) is not dict or len(put) != shape[0]:
        return False
    if type(put.get("Item")) is not dict:
        return False
    table, condition, returned = shape[1]
    return bool(
        put.get("TableName") == table
        and put.get("ConditionExpression") == condition
        and put.get("ReturnValuesOnConditionCheckFailure") == returned
    )


def _changes(session: Session, requests: list[_Checked]) -> list[Change]:
    """The changes that are asked for; not located, nothing read."""
    changes: list[Change] = []
    seen: set[object] = set()
    for kind, request, is_alike in requests:
        if is_alike:
            before = changes[-1]
            item = validate_item(request["Item"], seen)
            changes.append(Change(before.table, kind, before.bound, item))
        else:
            changes.append(change_of(session, request, kind, bind))
    return changes


def _checked(number: int, action: object) -> tuple[str, dict[str, Any]]:
    kind, request = one_of(action, ACTIONS)
    check_form(request, ACTIONS[kind], _place(number, kind))
    return kind, request


@lru_cache(maxsize=512)
def _place(number: int, kind: str) -> str:
    return f"transactItems.{number}.member.{kind[0].lower()}{kind[1:]}."


def _locate(changes: list[Change]) -> None:
    """Find every item's place; the first that has none cancels the transaction."""
    for number, change in enumerate(changes):
        try:
            change.locate()
        except ValidationException as error:
            reasons = [_NO_REASON] * len(changes)
            reasons[number] = _validation_error(error)
            raise _cancelled(reasons) from error


def _read_old(session: Session, changes: list[Change]) -> None:
    """Read every item as it is, those of one table in one go."""
    by_table: dict[int, list[Change]] = {}
    for change in changes:
        by_table.setdefault(change.table.id, []).append(change)
    for of_table in by_table.values():
        found = session.get_many(of_table[0].table, [each.key for each in of_table])
        if found:
            for change in of_table:
                change.old = found.get(change.key)


def _reasons(changes: list[Change], requests: list[_Checked]) -> list[Reason]:
    """Evaluate every action: why each cancels the transaction, or `_NO_REASON`."""
    reasons: list[Reason] = []
    holding: Bound | None = None  # holds for an item that is not there
    for change, (_, request, _) in zip(changes, requests, strict=True):
        if change.old is None and change.kind == "Put":
            if change.bound is holding or change.holds():
                holding = change.bound
                change.evaluate()
                reasons.append(_NO_REASON)
                continue
        reasons.append(_reason(change, request))
    return reasons


def _reason(change: Change, request: Request) -> Reason:
    """Evaluate one action; why it cancels the transaction, or `_NO_REASON`."""
    if not change.holds():
        reason: Reason = {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
        }
        wanted = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        if wanted and change.old is not None:
            reason["Item"] = change.old
        return reason
    try:
        change.evaluate()
    except ClientError as error:
        return _validation_error(error)
    return _NO_REASON


def _validation_error(error: ClientError) -> Reason:
    return {"Code": "ValidationError", "Message": error.message}


def _cancelled(reasons: list[Reason]) -> TransactionCanceledException:
    codes = ", ".join(reason["Code"] for reason in reasons)
    return TransactionCanceledException(
        "Transaction cancelled, please refer cancellation reasons for specific reasons"
        f" [{codes}]",
        CancellationReasons=[dict(reason) for reason in reasons],
    )


def _require_distinct(places: list[tuple[Table, Key]]) -> None:
    if len({(table.id, key) for table, key in places}) < len(places):
        raise ValidationException(
            "Transaction request cannot include multiple operations on one item"
        )


def _require_size(changes: list[Change]) -> None:
    # An encoding is never shorter than DynamoDB's size: mostly it tells.
    if sum(len(change.encoded) for change in changes) <= TRANSACTION_BYTES_MAX:
        return
    total = sum(size_bytes(change.new) for change in changes if change.new is not None)
    if total > TRANSACTION_BYTES_MAX:
        raise ValidationException(
            f"Transaction payload size cannot exceed 4MB. Payload Size: {total}"
        )


def _store(session: Session, changes: list[Change]) -> None:
    """Write all changes, those of one table in one go."""
    puts: dict[int, list[Change]] = {}
    for change in changes:
        if change.kind == "ConditionCheck" or change.new is None:
            change.store(session)
        else:
            puts.setdefault(change.table.id, []).append(change)
    for of_table in puts.values():
        session.put(
            of_table[0].table,
            [(each.key, each.new, each.encoded) for each in of_table if each.new],
        )


def _repeated(request: Request, changes: list[Change]) -> Answer:
    """What a repeat answers: DynamoDB bills it as reads of the items."""
    if not capacity.wanted(request):
        return {}
    consumed = Consumed()
    for change in changes:
        consumed.add(change.table, float(TRANSACTION_FACTOR))
    return {"ConsumedCapacity": consumed.report(request, "Read")}
