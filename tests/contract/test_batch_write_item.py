"""BatchWriteItem on every client."""

from typing import Any

import pytest

from tests.contract.conftest import key, read


@pytest.fixture
def table(ranged: str) -> str:
    return ranged


def put(sk: int) -> Any:
    return {"PutRequest": {"Item": {**key("a", sk), "x": {"N": str(sk)}}}}


def test_puts_and_deletes_go_together(client: Any, table: str) -> None:
    """Each stands alone."""
    client.put_item(TableName=table, Item=key("a", 1))
    answer = client.batch_write_item(
        RequestItems={table: [put(2), put(3), {"DeleteRequest": {"Key": key("a", 1)}}]}
    )

    assert answer["UnprocessedItems"] == {}
    assert read(client, table, sk=1) is None
    assert read(client, table, sk=3)["x"] == {"N": "3"}


@pytest.mark.parametrize(
    ("writes", "words"),
    [
        ([put(1), put(1)], "Provided list of item keys contains duplicates"),
        (
            [put(sk) for sk in range(26)],
            "Member must have length less than or equal to 25",
        ),
        (
            [{"DeleteRequest": {"Key": {"pk": {"S": "a"}}}}],
            "The provided key element does not match the schema",
        ),
    ],
    ids=["duplicates", "many", "wrong"],
)
def test_a_batch_that_is_not_valid_writes_nothing(
    client: Any, table: str, refused: Any, writes: Any, words: str
) -> None:
    """It is checked whole first."""
    with refused() as answer:
        client.batch_write_item(RequestItems={table: writes})

    assert answer.code == "ValidationException"
    assert answer.says(words)
    assert client.scan(TableName=table)["Count"] == 0
