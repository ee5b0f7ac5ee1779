"""The recipe's counter and its faults: a string "0", no item, no table, a wrong key."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contract.requests import NO_TABLE, assert_refused, create_table, invalid

KEY = {"siteUrl": {"S": "https://www.example.org/"}}
INCREMENT = {
    "UpdateExpression": "SET visits = visits + :inc",
    "ExpressionAttributeValues": {":inc": {"N": "1"}},
    "ReturnValues": "UPDATED_NEW",
}


@pytest.fixture
def site_visits(client: Any, prefix: str) -> Any:
    name = f"{prefix}siteVisits"
    create_table(client, name, siteUrl="S")
    yield name
    client.delete_table(TableName=name)


def test_the_counter_counts(client: Any, site_visits: str) -> None:
    client.put_item(TableName=site_visits, Item={**KEY, "visits": {"N": "0"}})
    answers = [
        client.update_item(TableName=site_visits, Key=KEY, **INCREMENT)
        for _ in range(3)
    ]

    assert [answer["Attributes"] for answer in answers] == [
        {"visits": {"N": number}} for number in "123"
    ]


def test_no_increment_of_many_threads_is_lost(client: Any, site_visits: str) -> None:
    """And each is told a number of its own."""
    client.put_item(TableName=site_visits, Item={**KEY, "visits": {"N": "0"}})

    def increment(_: int) -> int:
        answer = client.update_item(TableName=site_visits, Key=KEY, **INCREMENT)
        return int(answer["Attributes"]["visits"]["N"])

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(increment, range(80)))

    assert sorted(numbers) == list(range(1, 81))


@pytest.mark.parametrize(
    ("item", "key", "words"),
    [
        (
            {**KEY, "visits": {"S": "0"}},
            KEY,
            "An operand in the update expression has an incorrect data type",
        ),
        (
            {"siteUrl": {"S": "https://other.example/"}, "visits": {"N": "0"}},
            KEY,
            "The provided expression refers to an attribute that does not exist in the"
            " item",
        ),
        (
            {**KEY, "visitors": {"N": "0"}},
            KEY,
            "The provided expression refers to an attribute that does not exist in the"
            " item",
        ),
        (
            {**KEY, "visits": {"N": "0"}},
            {"url": {"S": "https://www.example.org/"}},
            "The provided key element does not match the schema",
        ),
        (
            {**KEY, "visits": {"N": "0"}},
            {"siteUrl": {"N": "1"}},
            "The provided key element does not match the schema",
        ),
    ],
    ids=["string", "no item", "no attribute", "other key", "key's type"],
)
def test_its_faults_change_nothing(
    client: Any, site_visits: str, item: Any, key: Any, words: str
) -> None:
    client.put_item(TableName=site_visits, Item=item)
    assert_refused(
        client,
        invalid(words),
        "update_item",
        TableName=site_visits,
        Key=key,
        **INCREMENT,
    )

    assert client.scan(TableName=site_visits)["Items"] == [item]


def test_a_table_that_nobody_made(client: Any, prefix: str) -> None:
    assert_refused(
        client, NO_TABLE, "update_item", TableName=f"{prefix}none", Key=KEY, **INCREMENT
    )
