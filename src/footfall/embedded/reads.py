"""Query and Scan: a span of keys, a page of at most 1 MB, a filter, a projection.

A page ends when it has looked at `Limit` items or passed 1 MB, before the filter; then
it carries the last key looked at, also where nothing follows, as DynamoDB's does.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from footfall.embedded import capacity
from footfall.embedded.attribute import (
    Item,
    key_bytes,
    key_prefix_end,
    size_bytes,
    validate,
    validate_item,
)
from footfall.embedded.evaluate import check, project
from footfall.embedded.exceptions import ValidationException
from footfall.embedded.expressions import Bound, bind
from footfall.embedded.items import Answer, require_table
from footfall.embedded.keys import KeyRange, check_filter_keys, key_condition
from footfall.embedded.schema import Table
from footfall.embedded.storage import Key, Session, Span

PAGE_BYTES_MAX = 1024 * 1024

Request = Mapping[str, Any]


def query(session: Session, request: Request) -> Answer:
    """Query: Amazon DynamoDB API Reference."""
    if request.get("KeyConditionExpression") is None:
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
    table = require_table(session, request["TableName"])
    wanted = key_condition(bound.key_condition, bound.names, bound.values, table.keys)
    if bound.filter is not None:
        check_filter_keys(bound.filter, bound.names, table.key_names)
    span = _span(table, wanted)
    span = replace(span, descending=request.get("ScanIndexForward") is False)
    start = _start(table, request)
    if start is not None:
        if len(table.keys) > 1:
            sort_key = validate(request["ExclusiveStartKey"][table.keys[1][0]])
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
    return _page(request, bound, table, session.read(table, span))


def scan(session: Session, request: Request) -> Answer:
    """Scan: Amazon DynamoDB API Reference; a segment is a hash of the partition key."""
    _check_select(request)
    segment, segments = request.get("Segment"), request.get("TotalSegments")
    _check_segment(segment, segments)
    bound = bind(request, ("FilterExpression", "ProjectionExpression"))
    table = require_table(session, request["TableName"])
    start = _start(table, request)
    if start is not None and segments and not _in_segment(start, segment, segments):
        raise ValidationException(
            "The provided starting key is invalid: Invalid ExclusiveStartKey. Please"
            " use ExclusiveStartKey with correct Segment. TotalSegments:"
            f" {segments} Segment: {segment}"
        )
    rows: Iterable[tuple[Key, Item]] = session.read(table, Span(after=start))
    if segments:
        rows = (row for row in rows if _in_segment(row[0], segment, segments))
    return _page(request, bound, table, rows)


def _page(
    request: Request, bound: Bound, table: Table, rows: Iterable[tuple[Key, Item]]
) -> Answer:
    limit = request.get("Limit")
    counts_only = request.get("Select") == "COUNT"
    items: list[Item] = []
    looked_at = count = size = 0
    answer: Answer = {}
    for _, item in rows:
        looked_at += 1
        size += size_bytes(item)
        if bound.filter is None or check(bound.filter, item, bound.names, bound.values):
            count += 1
            if not counts_only:
                items.append(
                    item
                    if bound.projection is None
                    else project(bound.projection, item, bound.names)
                )
        if looked_at == limit or size > PAGE_BYTES_MAX:
            answer["LastEvaluatedKey"] = table.key_of(item)
            break
    if not counts_only:
        answer["Items"] = items
    answer["Count"] = count
    answer["ScannedCount"] = looked_at
    units = capacity.read_units(size, consistent=bool(request.get("ConsistentRead")))
    entries = capacity.report(request, {table.name: units})
    if entries:
        answer["ConsumedCapacity"] = entries[0]
    return answer


def _span(table: Table, wanted: KeyRange) -> Span:
    pk = key_bytes(wanted.hash, table.keys[0][1])
    if len(table.keys) == 1:
        return Span(pk)
    kind = table.keys[1][1]
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


def _start(table: Table, request: Request) -> Key | None:
    key = request.get("ExclusiveStartKey")
    if key is None:
        return None
    try:
        return table.request_key(validate_item(key))
    except ValidationException as error:
        raise ValidationException(
            f"The provided starting key is invalid: {error.message}"
        ) from error


def _check_select(request: Request) -> None:
    select = request.get("Select")
    projected = request.get("ProjectionExpression") is not None
    if select == "ALL_PROJECTED_ATTRIBUTES":
        raise ValidationException(
            "One or more parameter values were invalid: ALL_PROJECTED_ATTRIBUTES can be"
            " used only when Querying using an IndexName"
        )
    if select == "SPECIFIC_ATTRIBUTES" and not projected:
        raise ValidationException(
            "One or more parameter values were invalid: Must specify the AttributesToGet"
            " or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        )
    if select in ("ALL_ATTRIBUTES", "COUNT") and projected:
        raise ValidationException(
            "One or more parameter values were invalid: Cannot specify the"
            f" ProjectionExpression when choosing to get {select}"
            if select == "ALL_ATTRIBUTES"
            else "One or more parameter values were invalid: Cannot specify the"
            " ProjectionExpression when choosing to get only the Count"
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


def _in_segment(key: Key, segment: int | None, segments: int) -> bool:
    return zlib.crc32(key[0]) % segments == segment
