"""Secondary indexes, global and local, on every client."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.requests import assert_refused, invalid


def keys(*names: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": key_type}
        for name, key_type in zip(names, ("HASH", "RANGE"), strict=False)
    ]


def index(name: str, *key: str, **projection: Any) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": keys(*key),
        "Projection": projection or {"ProjectionType": "ALL"},
    }


def string(value: str) -> dict[str, str]:
    return {"S": value}


INCLUDE: Any = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["title"]}
GLOBAL: Any = [
    index("by-city", "city", "at"),
    index("by-city-alone", "city", ProjectionType="KEYS_ONLY"),
]
LOCAL: Any = [index("by-rank", "site", "rank", **INCLUDE)]
DEFINED: Any = [
    {"AttributeName": name, "AttributeType": kind}
    for name, kind in {
        "site": "S",
        "page": "S",
        "city": "S",
        "at": "N",
        "rank": "N",
    }.items()
]


@pytest.fixture
def indexed(client: Any, prefix: str) -> Iterator[str]:
    """A table with the key `site` and `page` and three indexes."""
    name = f"{prefix}indexed"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=keys("site", "page"),
        AttributeDefinitions=DEFINED,
        GlobalSecondaryIndexes=GLOBAL,
        LocalSecondaryIndexes=LOCAL,
    )
    yield name
    client.delete_table(TableName=name)


def put(client: Any, table: str, page: str, **attributes: Any) -> dict[str, Any]:
    item = {"site": string("s"), "page": string(page), **attributes}
    client.put_item(TableName=table, Item=item)
    return item


def query(client: Any, table: str, name: str, city: str = "x", **more: Any) -> Any:
    return client.query(
        TableName=table,
        IndexName=name,
        KeyConditionExpression="city = :city",
        ExpressionAttributeValues={":city": string(city)},
        **more,
    )


def test_a_global_index_is_read_in_the_order_of_its_sort_key(
    client: Any, indexed: str
) -> None:
    """Numbers sort as numbers, whatever the table's own key."""
    for page, at in (("a", "10"), ("b", "9"), ("c", "-1"), ("d", "9.5")):
        put(client, indexed, page, city=string("x"), at={"N": at})
    up = query(client, indexed, "by-city")["Items"]
    down = query(client, indexed, "by-city", ScanIndexForward=False)["Items"]

    assert [item["page"]["S"] for item in up] == ["c", "b", "d", "a"]
    assert down == up[::-1]


def test_an_index_holds_only_items_with_its_whole_key(
    client: Any, indexed: str
) -> None:
    """A sparse index: an attribute that comes or goes moves the item in or out."""
    put(client, indexed, "whole", city=string("x"), at={"N": "1"})
    put(client, indexed, "half", city=string("x"))
    put(client, indexed, "none", title=string("t"))

    def pages(name: str) -> set[str]:
        items = client.scan(TableName=indexed, IndexName=name)["Items"]
        return {item["page"]["S"] for item in items}

    assert pages("by-city") == {"whole"}
    assert pages("by-city-alone") == {"whole", "half"}
    assert pages("by-rank") == set()
    client.update_item(
        TableName=indexed,
        Key={"site": string("s"), "page": string("half")},
        UpdateExpression="SET #at = :at",
        ExpressionAttributeNames={"#at": "at"},
        ExpressionAttributeValues={":at": {"N": "2"}},
    )
    client.update_item(
        TableName=indexed,
        Key={"site": string("s"), "page": string("whole")},
        UpdateExpression="REMOVE city",
    )
    assert pages("by-city") == {"half"}
    assert pages("by-city-alone") == {"half"}
    client.delete_item(
        TableName=indexed, Key={"site": string("s"), "page": string("half")}
    )
    assert pages("by-city") == pages("by-city-alone") == set()


@pytest.mark.parametrize("way", ["batch", "transaction"])
def test_batches_and_transactions_keep_indexes(
    client: Any, indexed: str, way: str
) -> None:
    """Whatever writes an item moves it in its indexes."""
    put(client, indexed, "gone", city=string("x"), at={"N": "1"})
    item = {"site": string("s"), "page": string("new"), "city": string("x")}
    gone = {"site": string("s"), "page": string("gone")}
    if way == "batch":
        writes = [{"PutRequest": {"Item": item}}, {"DeleteRequest": {"Key": gone}}]
        client.batch_write_item(RequestItems={indexed: writes})
    else:
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": indexed, "Item": item}},
                {"Delete": {"TableName": indexed, "Key": gone}},
            ]
        )

    found = query(client, indexed, "by-city-alone")["Items"]
    assert found == [item]
    assert query(client, indexed, "by-city")["Count"] == 0


def test_an_index_answers_what_it_projects(client: Any, indexed: str) -> None:
    """ALL, KEYS_ONLY and INCLUDE; a local index fetches the rest if it is named."""
    item = put(
        client,
        indexed,
        "a",
        city=string("x"),
        at={"N": "1"},
        rank={"N": "1"},
        title=string("t"),
        rest=string("r"),
    )
    by_rank: Any = {
        "TableName": indexed,
        "IndexName": "by-rank",
        "KeyConditionExpression": "site = :s",
        "ExpressionAttributeValues": {":s": string("s")},
    }

    def only(*names: str) -> list[Any]:
        return [{name: item[name] for name in names}]

    assert query(client, indexed, "by-city")["Items"] == [item]
    keys_only = query(client, indexed, "by-city-alone")["Items"]
    assert keys_only == only("site", "page", "city")
    included = client.query(**by_rank)["Items"]
    assert included == only("site", "page", "rank", "title")
    assert client.query(**by_rank, Select="ALL_ATTRIBUTES")["Items"] == [item]
    fetched = client.query(**by_rank, ProjectionExpression="#r", **NAMED)["Items"]
    assert fetched == only("rest")
    counted = query(client, indexed, "by-city", Select="COUNT")
    assert counted["Count"] == 1
    assert "Items" not in counted


NAMED: Any = {"ExpressionAttributeNames": {"#r": "rest"}}


def test_pages_of_an_index_go_on_where_they_ended(client: Any, indexed: str) -> None:
    """Also among items with the same key in the index."""
    for number in range(7):
        put(client, indexed, str(number), city=string("x"), at={"N": str(number // 3)})
    whole = query(client, indexed, "by-city")["Items"]
    seen: list[Any] = []
    start: Any = {}
    while True:
        page = query(client, indexed, "by-city", Limit=2, **start)
        seen += page["Items"]
        if "LastEvaluatedKey" not in page:
            break
        assert set(page["LastEvaluatedKey"]) == {"site", "page", "city", "at"}
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    assert len(whole) == 7
    assert seen == whole


def test_segments_of_an_index_share_out_its_items(client: Any, indexed: str) -> None:
    """Each item is in one segment."""
    for number in range(12):
        put(client, indexed, str(number), city=string(str(number)))
    segments = [
        client.scan(
            TableName=indexed, IndexName="by-city-alone", Segment=each, TotalSegments=3
        )["Items"]
        for each in range(3)
    ]

    pages = sorted(int(item["page"]["S"]) for items in segments for item in items)
    assert pages == list(range(12))


def test_writes_tell_what_their_indexes_consume(client: Any, indexed: str) -> None:
    """An index costs only when its entry changes; a move costs a delete and a put."""
    item: Any = {"site": string("s"), "page": string("a"), "city": string("x")}

    def units(**attributes: Any) -> Any:
        answer = client.put_item(
            TableName=indexed,
            Item={**item, **attributes},
            ReturnConsumedCapacity="INDEXES",
        )
        return answer["ConsumedCapacity"]

    first = units()
    same = units()
    moved = units(city=string("y"))

    assert first["CapacityUnits"] == 2
    assert first["GlobalSecondaryIndexes"] == {"by-city-alone": {"CapacityUnits": 1.0}}
    assert same["CapacityUnits"] == 1
    assert moved["GlobalSecondaryIndexes"] == {"by-city-alone": {"CapacityUnits": 2.0}}
    assert moved["Table"] == {"CapacityUnits": 1.0}
    read = query(
        client, indexed, "by-city-alone", "y", ReturnConsumedCapacity="INDEXES"
    )
    assert read["ConsumedCapacity"]["CapacityUnits"] == 0.5


def test_a_local_index_makes_item_collections(
    client: Any, indexed: str, on_local: bool
) -> None:
    """Which a write measures, as a range of gigabytes; DynamoDB Local measures none."""
    answer = client.put_item(
        TableName=indexed,
        Item={"site": string("s"), "page": string("a")},
        ReturnItemCollectionMetrics="SIZE",
    )
    if on_local:
        assert "ItemCollectionMetrics" not in answer
        return
    metrics = answer["ItemCollectionMetrics"]

    assert metrics["ItemCollectionKey"] == {"site": string("s")}
    low, high = metrics["SizeEstimateRangeGB"]
    assert low <= high


def test_a_described_table_tells_its_indexes(client: Any, indexed: str) -> None:
    """As they were created, each active and with a name of its own."""
    put(client, indexed, "a", city=string("x"))
    table = client.describe_table(TableName=indexed)["Table"]
    by_name = {each["IndexName"]: each for each in table["GlobalSecondaryIndexes"]}
    (local,) = table["LocalSecondaryIndexes"]

    assert set(by_name) == {"by-city", "by-city-alone"}
    assert by_name["by-city"]["IndexStatus"] == "ACTIVE"
    assert by_name["by-city"]["KeySchema"] == keys("city", "at")
    assert by_name["by-city-alone"]["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert local["Projection"] == INCLUDE
    assert local["IndexArn"] == f"{table['TableArn']}/index/by-rank"
    defined = table["AttributeDefinitions"]
    assert sorted(defined, key=str) == sorted(DEFINED, key=str)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        (
            {"city": {"N": "1"}},
            "One or more parameter values were invalid: Type mismatch for Index Key city"
            " Expected: S Actual: N IndexName: by-city",
        ),
        (
            {"city": {"NULL": True}},
            "One or more parameter values were invalid: Type mismatch for Index Key city"
            " Expected: S Actual: NULL IndexName: by-city",
        ),
        (
            {"city": {"S": ""}},
            "One or more parameter values are not valid. A value specified for a"
            " secondary index key is not supported. The AttributeValue for a key"
            " attribute cannot contain an empty string value. IndexName: by-city,"
            " IndexKey: city",
        ),
        (
            {"city": {"S": "x" * 2_049}},
            "One or more parameter values were invalid: Size of hashkey has exceeded the"
            " maximum size limit of2048 bytes",
        ),
    ],
    ids=["type", "null", "empty", "long"],
)
def test_what_cannot_be_a_key_of_an_index_is_refused(
    client: Any, indexed: str, attributes: Any, words: str
) -> None:
    """By whatever writes it, and nothing is written."""
    item = {"site": string("s"), "page": string("a"), **attributes}
    assert_refused(client, invalid(words), "put_item", TableName=indexed, Item=item)
    assert client.scan(TableName=indexed)["Count"] == 0


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"IndexName": "none"}, "The table does not have the specified index: none"),
        (
            {"IndexName": "by-city", "ConsistentRead": True},
            "Consistent reads are not supported on global secondary indexes",
        ),
        (
            {"IndexName": "by-city-alone", "Select": "ALL_ATTRIBUTES"},
            "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not"
            " supported for global secondary index by-city-alone because its projection"
            " type is not ALL",
        ),
        (
            {"IndexName": "by-city-alone", "ProjectionExpression": "title"},
            "One or more parameter values were invalid: Global secondary index"
            " by-city-alone does not project [title]",
        ),
        (
            {"IndexName": "by-city", "ExclusiveStartKey": {"city": string("x")}},
            "The provided starting key is invalid: The provided key element does not"
            " match the schema",
        ),
    ],
    ids=["name", "consistent", "select", "projection", "start"],
)
def test_a_read_that_an_index_cannot_do_is_refused(
    client: Any, indexed: str, request_: Any, words: str
) -> None:
    assert_refused(client, invalid(words), "scan", TableName=indexed, **request_)


@pytest.mark.parametrize(
    ("parameter", "definition", "words"),
    [
        (
            "GlobalSecondaryIndexes",
            [index("xyz", "site"), index("xyz", "page")],
            "One or more parameter values were invalid: Duplicate index name: xyz",
        ),
        (
            "GlobalSecondaryIndexes",
            [index("xyz", "other")],
            "One or more parameter values were invalid: Some index key attributes are not"
            " defined in AttributeDefinitions. Keys: [other], AttributeDefinitions:"
            " [site, page]",
        ),
        (
            "GlobalSecondaryIndexes",
            [{**index("xyz", "page"), "Projection": {}}],
            "One or more parameter values were invalid: Unknown ProjectionType: null",
        ),
        (
            "GlobalSecondaryIndexes",
            [index("xyz", "page", ProjectionType="INCLUDE")],
            "One or more parameter values were invalid: ProjectionType is INCLUDE, but"
            " NonKeyAttributes is not specified",
        ),
        (
            "GlobalSecondaryIndexes",
            [index("xyz", "page", **{**INCLUDE, "ProjectionType": "ALL"})],
            "One or more parameter values were invalid: ProjectionType is ALL, but"
            " NonKeyAttributes is specified",
        ),
        (
            "GlobalSecondaryIndexes",
            [],
            "One or more parameter values were invalid: List of GlobalSecondaryIndexes is"
            " empty",
        ),
        (
            "LocalSecondaryIndexes",
            [index("xyz", "page", "site")],
            "One or more parameter values were invalid: Index KeySchema does not have the"
            " same leading hash key as table KeySchema for index: xyz. index hash key:"
            " page, table hash key: site",
        ),
        (
            "LocalSecondaryIndexes",
            [index("xyz", "site")],
            "One or more parameter values were invalid: Index KeySchema does not have a"
            " range key for index: xyz",
        ),
        (
            "LocalSecondaryIndexes",
            [index(f"xyz{number}", "site", "page") for number in range(6)],
            "One or more parameter values were invalid: LocalSecondaryIndex count exceeds"
            " the per-table limit of 5",
        ),
    ],
    ids=[
        "twice",
        "undefined",
        "no-projection",
        "include-nothing",
        "all-and-more",
        "empty",
        "hash",
        "no-range",
        "many",
    ],
)
def test_an_index_that_cannot_be_is_refused(
    client: Any, prefix: str, parameter: str, definition: Any, words: str
) -> None:
    assert_refused(
        client,
        invalid(words),
        "create_table",
        TableName=f"{prefix}x",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=keys("site", "page"),
        AttributeDefinitions=DEFINED[:2],
        **{parameter: definition},
    )


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        (
            "update_item",
            {
                "UpdateExpression": "SET city.a = :v",
                "ExpressionAttributeValues": {":v": {"N": "1"}},
            },
        ),
        ("update_item", {"UpdateExpression": "SET title = city[0]"}),
        ("delete_item", {"ConditionExpression": "attribute_exists(city[0])"}),
        ("get_item", {"ProjectionExpression": "city.a"}),
    ],
    ids=["update", "source", "condition", "projection"],
)
def test_a_key_of_an_index_has_no_parts(
    client: Any, indexed: str, method: str, request_: Any
) -> None:
    """It is a scalar in every item, so a path into it is a mistake."""
    assert_refused(
        client,
        invalid(
            "Key attributes must be scalars; list random access '[]' and map lookup '.'"
            " are not allowed: IndexKey: city"
        ),
        method,
        TableName=indexed,
        Key={"site": string("s"), "page": string("a")},
        **request_,
    )
