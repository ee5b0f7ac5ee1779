"""Query and Scan: a span of keys, a page of at most 1 MB, a filter, a projection.

A page ends when it has looked at `Limit` items or passed 1 MB, before the filter; then
it carries the last key looked at, also where nothing follows, as DynamoDB's does.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from footfall.embedded import capacity
from footfall.embedded.attribute import (
    Item,
    key_bytes,
    key_prefix_end,
    size_bytes,
    type_of,
    validate,
    validate_item,
)
from footfall.embedded.capacity import Consumed
from footfall.embedded.evaluate import check, project
from footfall.embedded.exceptions import ValidationException
from footfall.embedded.expressions import Bound
from footfall.embedded.indexes import missing, projected
from footfall.embedded.items import Answer, require_table
from footfall.embedded.keys import (
    KeyRange,
    KeySchema,
    check_filter_keys,
    check_scalar_keys,
    head,
    key_condition,
)
from footfall.embedded.legacy import bind
from footfall.embedded.schema import KEY_MISMATCH, Index, Span, Table
from footfall.embedded.storage import Session

PAGE_BYTES_MAX = 1024 * 1024

Request = Mapping[str, Any]
Rows = Iterable[tuple[tuple[bytes, ...], Item, int]]

_PROJECTIONS = ("ProjectionExpression", "AttributesToGet")
_INVALID = "One or more parameter values were invalid: "


@dataclass(frozen=True, slots=True)
class _Source:
    """What a Query or a Scan reads: a table, or one of its indexes."""

    table: Table
    index: Index | None

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The names and the types of the key that it is sorted by."""
        return self.table.keys if self.index is None else self.index.keys

    @property
    def place_names(self) -> tuple[str, ...]:
        """The attributes that tell an item's place, each once."""
        names = self.table.key_names
        return names if self.index is None else (*self.index.key_names, *names)

    def place(self, key: Item) -> tuple[bytes, ...]:
        """An item's place, given all attributes that tell it.

        Raises:
            ValidationException: Some are missing, of a wrong type or too many.
        """
        names = self.table.key_names
        if self.index is None:
            return self.table.request_key(key)
        if key.keys() != set(self.place_names):
            raise ValidationException(KEY_MISMATCH)
        own = self.index.place(key)
        assert own is not None, "all attributes are there"
        return *own, *self.table.request_key({name: key[name] for name in names})


def query(session: Session, request: Request) -> Answer:
    """Query: Amazon DynamoDB API Reference."""
    if (
        request.get("KeyConditionExpression") is None
        and request.get("KeyConditions") is None
    ):
        raise ValidationException(
            "Either the KeyConditions or KeyConditionExpression parameter must be"
            " specified in the request."
        )
    _check_select(request)
    bound = bind(
        request,
        ("KeyConditionExpression", "FilterExpression", "ProjectionExpression"),
    )
    assert bound.key_condition is not None, "it was given"
    source = _source(session, request)
    check_scalar_keys(bound, source.table)
    wanted = key_condition(bound.key_condition, bound.names, bound.values, source.keys)
    if bound.filter is not None:
        key_names = [name for name, _ in source.keys]
        check_filter_keys(bound.filter, bound.names, key_names)
    span = _span(source.keys, wanted)
    span = replace(span, descending=request.get("ScanIndexForward") is False)
    start = _start(source, request)
    is_one = source.index is None and len(source.keys) == 1
    if start is not None:
        if is_one:
            raise _not_restartable(request["ExclusiveStartKey"])
        if len(source.keys) > 1:
            sort_key = validate(request["ExclusiveStartKey"][source.keys[1][0]])
            if not wanted.contains(sort_key):
                raise ValidationException(
                    "The provided starting key does not match the range key predicate"
                )
        if start[0] != span.pk:
            raise ValidationException(
                "The provided starting key is outside query boundaries based on"
                " provided conditions"
            )
        span = replace(span, after=start)
    rows = session.read(source.table, span, source.index)
    answer = _page(request, bound, source, rows)
    if is_one:
        answer.pop("LastEvaluatedKey", None)
    return answer


def _not_restartable(start: Item) -> ValidationException:
    """What DynamoDB says to a page that follows the one item of a whole key."""
    (name, value), *_ = start.items()
    kind = type_of(value)
    return ValidationException(
        "The provided exclusive start key is invalid: ExclusiveStartKey:"
        f" {{{name}=AttributeValue: {{{kind}:{value[kind]}}}}}"
    )


def scan(session: Session, request: Request) -> Answer:
    """Scan: Amazon DynamoDB API Reference; a segment is a hash of the partition key."""
    _check_select(request)
    segment, segments = request.get("Segment"), request.get("TotalSegments")
    _check_segment(segment, segments)
    bound = bind(request, ("FilterExpression", "ProjectionExpression"))
    source = _source(session, request)
    check_scalar_keys(bound, source.table)
    start = _start(source, request)
    if start is not None and segments and not _in_segment(start, segment, segments):
        raise ValidationException(
            "The provided starting key is invalid: Invalid ExclusiveStartKey. Please"
            " use ExclusiveStartKey with correct Segment. TotalSegments:"
            f" {segments} Segment: {segment}"
        )
    rows: Rows = session.read(source.table, Span(after=start), source.index)
    if segments:
        rows = (row for row in rows if _in_segment(row[0], segment, segments))
    return _page(request, bound, source, rows)


def _source(session: Session, request: Request) -> _Source:
    table = require_table(session, request["TableName"])
    name = request.get("IndexName")
    if name is None:
        return _Source(table, None)
    index = table.index(name)
    if index is None:
        raise ValidationException(
            f"The table does not have the specified index: {name}"
        )
    if index.is_global and request.get("ConsistentRead"):
        raise ValidationException(
            "Consistent reads are not supported on global secondary indexes"
        )
    return _Source(table, index)


def _page(request: Request, bound: Bound, source: _Source, rows: Rows) -> Answer:
    limit = request.get("Limit")
    counts_only = request.get("Select") == "COUNT"
    table, index = source.table, source.index
    fetches = index is not None and _fetches(request, bound, table, index)
    items: list[Item] = []
    looked_at = count = 0
    size = _Size(exact=capacity.wanted(request))
    fetched = 0.0
    answer: Answer = {}
    consistent = bool(request.get("ConsistentRead"))
    for _, whole, stored in rows:
        looked_at += 1
        item = whole if index is None else projected(table, index, whole)
        size.add(item, stored)
        if fetches:  # from the table, which AWS bills an item at a time
            item = whole
            fetched += capacity.read_units(size_bytes(whole), consistent=consistent)
        if bound.filter is None or check(bound.filter, item, bound.names, bound.values):
            count += 1
            if not counts_only:
                items.append(
                    item
                    if bound.projection is None
                    else project(bound.projection, item, bound.names)
                )
        if looked_at == limit or size.bytes > PAGE_BYTES_MAX:
            last = {name: whole[name] for name in source.place_names}
            answer["LastEvaluatedKey"] = last
            break
    if not counts_only:
        answer["Items"] = items
    answer["Count"] = count
    answer["ScannedCount"] = looked_at
    if capacity.wanted(request):
        consumed = Consumed()
        consumed.add(
            table, capacity.read_units(size.bytes, consistent=consistent), index
        )
        consumed.add(table, fetched)
        (answer["ConsumedCapacity"],) = consumed.report(request)
    return answer


class _Size:
    """The bytes of a page's items, as DynamoDB counts them.

    To count them is half of what a Query costs, and an item's stored bytes are never
    fewer. So those are added up, until they are more than a page holds.
    """

    __slots__ = ("_exact", "_items", "bytes")

    def __init__(self, *, exact: bool) -> None:
        self._exact = exact
        self._items: list[Item] = []
        self.bytes = 0

    def add(self, item: Item, stored: int) -> None:
        """Add an item that the page has looked at, of so many stored bytes."""
        if self._exact:
            self.bytes += size_bytes(item)
            return
        self._items.append(item)
        self.bytes += stored
        if self.bytes > PAGE_BYTES_MAX:
            self._exact = True
            self.bytes = sum(map(size_bytes, self._items))
            self._items.clear()


def _fetches(request: Request, bound: Bound, table: Table, index: Index) -> bool:
    """Whether what is wanted of an index must be fetched from the table.

    Raises:
        ValidationException: It must, but the index is global.
    """
    if index.projection == "ALL":
        return False
    if request.get("Select") == "ALL_ATTRIBUTES":
        if index.is_global:
            raise ValidationException(
                f"{_INVALID}Select type ALL_ATTRIBUTES is not supported for global"
                f" secondary index {index.name} because its projection type is not ALL"
            )
        return True
    if bound.projection is None:
        return False
    heads = [head(path, bound.names) for path in bound.projection.paths]
    names = missing(table, index, heads)
    if names and index.is_global:
        raise ValidationException(
            f"{_INVALID}Global secondary index {index.name} does not project"
            f" [{', '.join(names)}]"
        )
    return bool(names)


def _span(keys: KeySchema, wanted: KeyRange) -> Span:
    pk = key_bytes(wanted.hash, keys[0][1])
    if len(keys) == 1:
        return Span(pk)
    kind = keys[1][1]
    if wanted.prefix is not None:
        prefix = key_bytes(wanted.prefix, kind)
        return Span(pk, low=prefix, high=key_prefix_end(prefix), high_inclusive=False)
    span = Span(pk)
    if wanted.low is not None:
        low = key_bytes(wanted.low, kind)
        span = replace(span, low=low, low_inclusive=wanted.low_inclusive)
    if wanted.high is not None:
        high = key_bytes(wanted.high, kind)
        span = replace(span, high=high, high_inclusive=wanted.high_inclusive)
    return span


def _start(source: _Source, request: Request) -> tuple[bytes, ...] | None:
    key = request.get("ExclusiveStartKey")
    if key is None:
        return None
    try:
        return source.place(validate_item(key))
    except ValidationException as error:
        raise ValidationException(
            f"The provided starting key is invalid: {error.message}"
        ) from error


def _check_select(request: Request) -> None:
    select = request.get("Select")
    projection = next(
        (name for name in _PROJECTIONS if request.get(name) is not None), ""
    )
    if select == "ALL_PROJECTED_ATTRIBUTES" and request.get("IndexName") is None:
        raise ValidationException(
            f"{_INVALID}ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an"
            " IndexName"
        )
    if select == "SPECIFIC_ATTRIBUTES" and not projection:
        raise ValidationException(
            f"{_INVALID}Must specify the AttributesToGet or ProjectionExpression when"
            " choosing to get SPECIFIC_ATTRIBUTES"
        )
    if select not in (None, "SPECIFIC_ATTRIBUTES") and projection:
        what = "only the Count" if select == "COUNT" else select
        raise ValidationException(
            f"{_INVALID}Cannot specify the {projection} when choosing to get {what}"
        )


def _check_segment(segment: int | None, segments: int | None) -> None:
    if segment is None and segments is None:
        return
    if segments is None:
        raise ValidationException(
            "The TotalSegments parameter is required but was not present in the request"
            " when Segment parameter is present"
        )
    if segment is None:
        raise ValidationException(
            "The Segment parameter is required but was not present in the request when"
            " parameter TotalSegments is present"
        )
    if segment >= segments:
        raise ValidationException(
            "The Segment parameter is zero-based and must be less than parameter"
            f" TotalSegments: Segment: {segment} is not less than TotalSegments:"
            f" {segments}"
        )


def _in_segment(key: tuple[bytes, ...], segment: int | None, segments: int) -> bool:
    return zlib.crc32(key[0]) % segments == segment
