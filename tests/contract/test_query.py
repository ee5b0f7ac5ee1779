"""Query on every client."""

from typing import Any

import pytest

from tests.contract.conftest import key


@pytest.fixture
def table(ranged: str) -> str:
    return ranged


NUMBERS = ["-1e20", "-3", "-0.5", "0", "0.25", "1", "9", "10", "1e20"]


@pytest.fixture
def filled(client: Any, table: str) -> str:
    """Items of two partitions; the sort keys in no order."""
    for number in sorted(NUMBERS):
        client.put_item(
            TableName=table,
            Item={"pk": {"S": "a"}, "sk": {"N": number}, "x": {"S": f"x{number}"}},
        )
    client.put_item(TableName=table, Item=key("b", 1))
    return table


def sort_keys(answer: Any) -> list[float]:
    return [float(item["sk"]["N"]) for item in answer["Items"]]


def query(client: Any, table: str, condition: str = "pk = :pk", **more: Any) -> Any:
    values = {":pk": {"S": "a"}, **more.pop("values", {})}
    return client.query(
        TableName=table,
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
        **more,
    )


def test_a_partition_comes_in_the_order_of_its_numbers(
    client: Any, filled: str
) -> None:
    """Negative ones and fractions too; backwards if asked."""
    expected = [float(number) for number in NUMBERS]

    assert sort_keys(query(client, filled)) == expected
    backwards = query(client, filled, ScanIndexForward=False)
    assert sort_keys(backwards) == expected[::-1]


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ("sk = :a", [0]),
        ("sk < :a", [-1e20, -3, -0.5]),
        ("sk <= :a", [-1e20, -3, -0.5, 0]),
        ("sk > :b", [10, 1e20]),
        ("sk >= :b", [9, 10, 1e20]),
        ("sk BETWEEN :a AND :b", [0, 0.25, 1, 9]),
    ],
)
def test_a_condition_on_the_sort_key(
    client: Any, filled: str, condition: str, numbers: list[float]
) -> None:
    """As ranges of numbers, not of digits."""
    values = {":a": {"N": "0"}}
    if ":b" in condition:
        values[":b"] = {"N": "9"}
        if ":a" not in condition:
            del values[":a"]
    answer = query(client, filled, f"pk = :pk AND {condition}", values=values)

    assert sort_keys(answer) == numbers


def test_pages_meet_without_gap_or_overlap(client: Any, filled: str) -> None:
    """By LastEvaluatedKey, both ways; a full last page has one still."""
    for forward in (True, False):
        seen: list[float] = []
        start: Any = {}
        pages = 0
        while True:
            page = query(client, filled, Limit=3, ScanIndexForward=forward, **start)
            seen += sort_keys(page)
            pages += 1
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        expected = [float(number) for number in NUMBERS]
        assert seen == (expected if forward else expected[::-1])
        assert pages == 4


def test_a_filter_is_applied_after_the_limit(client: Any, filled: str) -> None:
    """What is looked at is billed, not what is shown."""
    answer = query(
        client,
        filled,
        Limit=4,
        FilterExpression="x = :x",
        values={":x": {"S": "x0"}},
        ProjectionExpression="x",
    )

    assert answer["Items"] == [{"x": {"S": "x0"}}]
    assert (answer["Count"], answer["ScannedCount"]) == (1, 4)
    counted = query(client, filled, Select="COUNT")
    assert counted["Count"] == len(NUMBERS)
    assert "Items" not in counted


def test_a_page_has_one_megabyte(client: Any, table: str) -> None:
    """And then there is more."""
    for sk in range(6):
        client.put_item(
            TableName=table, Item={**key("a", sk), "x": {"S": "x" * 300_000}}
        )
    first = query(client, table)
    rest = query(client, table, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert first["Count"] == 4
    assert first["Count"] + rest["Count"] == 6
    assert "LastEvaluatedKey" not in rest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"KeyConditionExpression": "pk > :pk"}, "Query key condition not supported"),
        ({"KeyConditionExpression": "sk = :pk"}, "Query condition missed key schema"),
        ({"KeyConditionExpression": "pk = :pk OR sk = :pk"}, "OR"),
        (
            {"KeyConditionExpression": "pk = :pk", "FilterExpression": "sk > :pk"},
            "Filter Expression can only contain non-primary key attributes",
        ),
        (
            {
                "KeyConditionExpression": "pk = :pk",
                "ExclusiveStartKey": {"pk": {"S": "a"}},
            },
            "The provided starting key is invalid",
        ),
        (
            {"KeyConditionExpression": "pk = :pk", "ExclusiveStartKey": key("b", 1)},
            "The provided starting key is outside query boundaries",
        ),
        (
            {"KeyConditionExpression": "pk = :pk", "Select": "SPECIFIC_ATTRIBUTES"},
            "SPECIFIC_ATTRIBUTES",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "arguments",
)
def test_what_cannot_be_queried_is_refused(
    client: Any, filled: str, refused: Any, arguments: Any, words: str
) -> None:
    """In DynamoDB's words."""
    with refused() as answer:
        client.query(
            TableName=filled,
            ExpressionAttributeValues={":pk": {"S": "a"}},
            **arguments,
        )

    assert answer.code == "ValidationException"
    assert answer.says(words)


def test_a_prefix_of_text_and_of_bytes(client: Any, prefix: str) -> None:
    """begins_with, up to the last byte there is."""
    for kind, keys, start in (
        ("S", ["a", "ab", "abc", "b"], "ab"),
        ("B", [b"\xfe", b"\xff", b"\xff\xff", b"\xff\xff\x01"], b"\xff"),
    ):
        name = f"{prefix}{kind}"
        client.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": "h", "KeyType": "HASH"},
                {"AttributeName": "r", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "h", "AttributeType": "S"},
                {"AttributeName": "r", "AttributeType": kind},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        for each in keys:
            client.put_item(TableName=name, Item={"h": {"S": "x"}, "r": {kind: each}})
        answer = client.query(
            TableName=name,
            KeyConditionExpression="h = :h AND begins_with(r, :r)",
            ExpressionAttributeValues={":h": {"S": "x"}, ":r": {kind: start}},
        )
        assert [item["r"][kind] for item in answer["Items"]] == [
            each
            for each in keys
            if each.startswith(start)  # type: ignore[arg-type]
        ]
        client.delete_table(TableName=name)
