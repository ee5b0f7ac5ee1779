"""The engine against a plain dict, over restarts.

Hypothesis makes up requests; the model is a dict from keys to items, written as
simply as possible. After each step the engine must hold what the model holds.
"""

import shutil
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from footfall.embedded import EmbeddedClient

Key = tuple[str, int]
Item = dict[str, Any]

PARTITIONS = ["a", "b", "bä"]
SORTS = [-10, -1, 0, 2, 10]

keys = st.tuples(st.sampled_from(PARTITIONS), st.sampled_from(SORTS))
values: st.SearchStrategy[Any] = st.one_of(
    st.integers(-(10**20), 10**20).map(lambda number: {"N": str(number)}),
    st.text(max_size=5).filter(str.isprintable).map(lambda text: {"S": text}),
    st.binary(max_size=5).map(lambda content: {"B": content}),
    st.booleans().map(lambda truth: {"BOOL": truth}),
    st.just({"M": {"deep": {"L": [{"NULL": True}, {"N": "1"}]}}}),
)
amounts = st.integers(-1_000, 1_000)


def key_of(key: Key) -> Item:
    return {"id": {"S": key[0]}, "at": {"N": str(key[1])}}


def number_of(item: Item | None) -> int | None:
    """The item's number `n`; None if it has an `n` of another type."""
    n = (item or {}).get("n", {"N": "0"})
    return int(n["N"]) if "N" in n else None


class Engine(RuleBasedStateMachine):
    """Requests to one table, and what it must hold then."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.path = str(Path(self.folder) / "store.db")
        self.client = EmbeddedClient(self.path)
        self.items: dict[Key, Item] = {}

    @initialize()
    def create(self) -> None:
        self.client.create_table(
            TableName="items",
            KeySchema=[
                {"AttributeName": "id", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "at", "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )

    def teardown(self) -> None:
        self.client.close()
        shutil.rmtree(self.folder)

    @rule()
    def restart(self) -> None:
        self.client.close()
        self.client = EmbeddedClient(self.path)

    @rule(
        key=keys, name=st.sampled_from(["n", "x"]), value=values, if_new=st.booleans()
    )
    def put(self, key: Key, name: str, value: Any, if_new: bool) -> None:
        item = {**key_of(key), name: value}
        request: dict[str, Any] = {"TableName": "items", "Item": item}
        if if_new:
            request["ConditionExpression"] = "attribute_not_exists(id)"
        done = self._try("put_item", request, "ConditionalCheckFailedException")

        assert done == (not if_new or key not in self.items)
        if done:
            self.items[key] = item

    @rule(key=keys)
    def delete(self, key: Key) -> None:
        answer = self.client.delete_item(
            TableName="items", Key=key_of(key), ReturnValues="ALL_OLD"
        )

        assert answer.get("Attributes") == self.items.pop(key, None)

    @rule(key=keys, amount=amounts)
    def add(self, key: Key, amount: int) -> None:
        done = self._try("update_item", _add(key, amount), "ValidationException")

        assert done == (number_of(self.items.get(key)) is not None)
        if done:
            self._add(key, amount)

    @rule(key=keys)
    def remove(self, key: Key) -> None:
        """Taking away makes no item."""
        self.client.update_item(
            TableName="items", Key=key_of(key), UpdateExpression="REMOVE n"
        )
        self.items.get(key, {}).pop("n", None)

    @rule(added=st.dictionaries(keys, amounts, min_size=1, max_size=4), guard=keys)
    def transact(self, added: dict[Key, int], guard: Key) -> None:
        """All numbers move, if the guard exists and none is of another type."""
        actions: list[Any] = [
            {"Update": _add(key, amount)}
            for key, amount in added.items()
            if key != guard
        ]
        check = {
            "TableName": "items",
            "Key": key_of(guard),
            "ConditionExpression": "attribute_exists(id)",
        }
        done = self._try(
            "transact_write_items",
            {"TransactItems": [*actions, {"ConditionCheck": check}]},
            "TransactionCanceledException",
        )

        added.pop(guard, None)
        numbers = [number_of(self.items.get(key)) for key in added]
        assert done == (guard in self.items and None not in numbers)
        if done:
            for key, amount in added.items():
                self._add(key, amount)

    @rule(
        puts=st.dictionaries(keys, values, max_size=4),
        deletes=st.sets(keys, max_size=4),
    )
    def batch(self, puts: dict[Key, Any], deletes: set[Key]) -> None:
        deletes -= puts.keys()
        writes: list[Any] = [
            {"PutRequest": {"Item": {**key_of(key), "x": value}}}
            for key, value in puts.items()
        ]
        writes += [{"DeleteRequest": {"Key": key_of(key)}} for key in deletes]
        if writes:
            self.client.batch_write_item(RequestItems={"items": writes})
        for key, value in puts.items():
            self.items[key] = {**key_of(key), "x": value}
        for key in deletes:
            self.items.pop(key, None)

    @rule(
        partition=st.sampled_from(PARTITIONS),
        low=st.sampled_from(SORTS),
        limit=st.integers(1, 4),
        forward=st.booleans(),
    )
    def query(self, partition: str, low: int, limit: int, forward: bool) -> None:
        found: list[Item] = []
        start: dict[str, Any] = {}
        while True:
            page = self.client.query(
                TableName="items",
                KeyConditionExpression="id = :id AND #at >= :low",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={
                    ":id": {"S": partition},
                    ":low": {"N": str(low)},
                },
                Limit=limit,
                ScanIndexForward=forward,
                **start,
            )
            found += page["Items"]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

        expected = [
            item
            for key, item in sorted(self.items.items(), key=lambda each: each[0][1])
            if key[0] == partition and key[1] >= low
        ]
        assert found == (expected if forward else expected[::-1])

    @invariant()
    def the_table_holds_what_the_model_holds(self) -> None:
        if "items" not in self.client.list_tables()["TableNames"]:
            return  # not yet
        answer = self.client.scan(TableName="items")
        found = {
            (item["id"]["S"], int(Decimal(item["at"]["N"]))): item
            for item in answer["Items"]
        }

        assert found == self.items
        assert answer["Count"] == len(self.items)

    def _add(self, key: Key, amount: int) -> None:
        item = self.items.setdefault(key, key_of(key))
        total = (number_of(item) or 0) + amount
        self.items[key] = {**item, "n": {"N": str(total)}}

    def _try(self, method: str, request: dict[str, Any], refusal: str) -> bool:
        """Send a request; False if it was refused with this code."""
        try:
            getattr(self.client, method)(**request)
        except getattr(self.client.exceptions, refusal):
            return False
        return True


def _add(key: Key, amount: int) -> dict[str, Any]:
    return {
        "TableName": "items",
        "Key": key_of(key),
        "UpdateExpression": "ADD n :amount",
        "ExpressionAttributeValues": {":amount": {"N": str(amount)}},
    }


TestEngine = Engine.TestCase
TestEngine.settings = settings(stateful_step_count=30)
