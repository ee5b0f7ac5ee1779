"""Secondary indexes against a plain dict: every write moves an item as it should."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from footfall.embedded import EmbeddedClient

TABLE = "items"
BY_CITY: Any = {
    "IndexName": "by-city",
    "KeySchema": [
        {"AttributeName": "city", "KeyType": "HASH"},
        {"AttributeName": "at", "KeyType": "RANGE"},
    ],
    "Projection": {"ProjectionType": "KEYS_ONLY"},
}
DEFINED: Any = [
    {"AttributeName": "id", "AttributeType": "S"},
    {"AttributeName": "city", "AttributeType": "S"},
    {"AttributeName": "at", "AttributeType": "N"},
]
ids = st.sampled_from("abcde")
attributes = st.fixed_dictionaries(
    {},
    optional={
        "city": st.builds(lambda text: {"S": text}, st.sampled_from(["x", "y", "xy"])),
        "at": st.builds(lambda number: {"N": str(number)}, st.integers(-3, 3)),
        "expires": st.sampled_from([{"N": "50"}, {"N": "150"}]),
        "title": st.just({"S": "t"}),
    },
)


class IndexedTable(RuleBasedStateMachine):
    """Writes of every kind; the index is made and deleted meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.client = EmbeddedClient(":memory:", clock=lambda: self.now)
        self.items: dict[str, Any] = {}
        self.indexed = True
        self.client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=DEFINED,
            GlobalSecondaryIndexes=[BY_CITY],
        )
        self.client.update_time_to_live(
            TableName=TABLE,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"},
        )

    def teardown(self) -> None:
        self.client.close()

    @rule(id=ids, more=attributes)
    def put(self, id: str, more: Any) -> None:
        self.items[id] = {"id": {"S": id}, **more}
        self.client.put_item(TableName=TABLE, Item=self.items[id])

    @rule(changes=st.dictionaries(ids, st.none() | attributes, min_size=1))
    def write_batch(self, changes: Any) -> None:
        writes: list[Any] = []
        for id, more in changes.items():
            if more is None:
                self.items.pop(id, None)
                writes.append({"DeleteRequest": {"Key": {"id": {"S": id}}}})
            else:
                self.items[id] = {"id": {"S": id}, **more}
                writes.append({"PutRequest": {"Item": self.items[id]}})
        self.client.batch_write_item(RequestItems={TABLE: writes})

    @rule(id=ids, name=st.sampled_from(["city", "at"]))
    def remove(self, id: str, name: str) -> None:
        if id in self.items:
            self.items[id] = {
                key: value for key, value in self.items[id].items() if key != name
            }
        self.client.update_item(
            TableName=TABLE,
            Key={"id": {"S": id}},
            UpdateExpression="REMOVE #n",
            ExpressionAttributeNames={"#n": name},
        )

    @rule(changes=st.dictionaries(ids, st.integers(-3, 3), min_size=1))
    def transact(self, changes: Any) -> None:
        for id, number in changes.items():
            before = self.items.get(id, {"id": {"S": id}})
            self.items[id] = {**before, "at": {"N": str(number)}}
        self.client.transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": TABLE,
                        "Key": {"id": {"S": id}},
                        "UpdateExpression": "SET #at = :at",
                        "ExpressionAttributeNames": {"#at": "at"},
                        "ExpressionAttributeValues": {":at": {"N": str(number)}},
                    }
                }
                for id, number in changes.items()
            ]
        )

    @rule()
    def expire(self) -> None:
        self.now = 100.0
        self.client.expire_items()
        self.items = {
            id: item
            for id, item in self.items.items()
            if item.get("expires") != {"N": "50"}
        }
        self.now = 0.0

    @rule()
    def make_or_delete_the_index(self) -> None:
        update: Any = (
            {"Delete": {"IndexName": "by-city"}}
            if self.indexed
            else {"Create": BY_CITY}
        )
        self.client.update_table(
            TableName=TABLE,
            AttributeDefinitions=DEFINED,
            GlobalSecondaryIndexUpdates=[update],
        )
        self.indexed = not self.indexed

    @invariant()
    def the_index_holds_what_it_should(self) -> None:
        if not self.indexed:
            return
        expected = sorted(
            (
                {name: item[name] for name in ("id", "city", "at")}
                for item in self.items.values()
                if "city" in item and "at" in item
            ),
            key=lambda item: (item["city"]["S"], int(item["at"]["N"]), item["id"]["S"]),
        )
        scanned = self.client.scan(TableName=TABLE, IndexName="by-city")["Items"]
        assert scanned == expected
        for city in ("x", "y", "xy"):
            found = self.client.query(
                TableName=TABLE,
                IndexName="by-city",
                KeyConditionExpression="city = :c AND #at > :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":c": {"S": city}, ":at": {"N": "-1"}},
                ScanIndexForward=False,
            )["Items"]
            wanted = [
                item
                for item in expected
                if item["city"]["S"] == city and int(item["at"]["N"]) > -1
            ]
            assert found == wanted[::-1]


TestIndexedTable = IndexedTable.TestCase
