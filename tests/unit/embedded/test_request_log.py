"""What `footfall dynamodb --verbose` says of a request."""

from typing import Any

import pytest

from footfall.embedded.request_log import Exchange, tables_of


@pytest.mark.parametrize(
    ("exchange", "line"),
    [
        (
            Exchange(
                1_795_637_643.1234, "UpdateItem", ("siteVisits",), 200, "", 0.0013
            ),
            "2026-11-25T20:14:03.123Z UpdateItem siteVisits 200 1.3 ms",
        ),
        (
            Exchange(0, "PutItem", ("a", "b"), 400, "ValidationException", 1.5),
            "1970-01-01T00:00:00.000Z PutItem a,b 400 ValidationException 1500.0 ms",
        ),
        (Exchange(0, status=404), "1970-01-01T00:00:00.000Z - - 404 0.0 ms"),
        (Exchange(0, "Scan"), "1970-01-01T00:00:00.000Z Scan - 499 0.0 ms"),
        (
            Exchange(0, "x\n\x1b[2J y", ("\r",), 400),
            r"1970-01-01T00:00:00.000Z x\n\x1b[2J\x20y \r 400 0.0 ms",
        ),
        (
            Exchange(0, "BatchGetItem", tuple("abcdefg"), 200),
            "1970-01-01T00:00:00.000Z BatchGetItem a,b,c,d,e,and 2 more 200 0.0 ms",
        ),
        (
            Exchange(0, "A" * 999, status=400),
            f"1970-01-01T00:00:00.000Z {'A' * 255} - 400 0.0 ms",
        ),
    ],
)
def test_an_exchange_is_a_line(exchange: Exchange, line: str) -> None:
    assert exchange.line() == line


@pytest.mark.parametrize(
    ("request_", "tables"),
    [
        ({"TableName": "a"}, ("a",)),
        ({"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/a"}, ("a",)),
        ({"RequestItems": {"a": [], "b": []}}, ("a", "b")),
        (
            {
                "TransactItems": [
                    {"Put": {"TableName": "a"}},
                    {"Get": {"TableName": "b"}},
                    {"Put": {"TableName": "a"}},
                ]
            },
            ("a", "b"),
        ),
        ({}, ()),
        # What is no request yet is logged too.
        ({"TableName": 7, "RequestItems": [1], "TransactItems": {"a": 1}}, ()),
        ({"TransactItems": [1, {"Put": 2}, {"Put": {"TableName": None}}]}, ()),
    ],
)
def test_the_tables_of_a_request_are_found(
    request_: dict[str, Any], tables: tuple[str, ...]
) -> None:
    assert tables_of(request_) == tables
