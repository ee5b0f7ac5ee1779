"""A file of tables and items is loaded whole, or not at all."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.embedded import EmbeddedClient
from footfall.embedded.exceptions import StorageFullException
from footfall.embedded.seed import Seeded, SeedError, load_seed

ITEMS: Any = [
    {"id": {"S": "a"}, "n": {"N": "1e2"}, "b": {"B": "/w=="}},
    {"id": {"S": "b"}, "deep": {"M": {"l": {"L": [{"BOOL": True}]}}}},
]


def table(name: str = "items", **more: Any) -> dict[str, Any]:
    return {
        "TableName": name,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        **more,
    }


def seed(*tables: Any) -> bytes:
    return json.dumps({"Tables": tables}).encode()


@pytest.fixture
def client() -> Iterator[EmbeddedClient]:
    with EmbeddedClient(":memory:") as client:
        yield client


def test_tables_and_items_are_there(client: EmbeddedClient) -> None:
    """Binaries too, a time to live, and what a table is besides."""
    ttl = {"Enabled": True, "AttributeName": "expiresAt"}
    content = seed(
        table(Items=ITEMS, TimeToLiveSpecification=ttl, DeletionProtectionEnabled=True),
        table("empty"),
    )

    assert load_seed(client, content) == [Seeded("items", 2), Seeded("empty", 0)]
    assert client.get_item(TableName="items", Key={"id": {"S": "a"}})["Item"] == {
        "id": {"S": "a"},
        "n": {"N": "100"},
        "b": {"B": b"\xff"},
    }
    assert client.scan(TableName="empty")["Count"] == 0
    status = client.describe_time_to_live(TableName="items")["TimeToLiveDescription"]
    assert status["AttributeName"] == "expiresAt"


def test_a_table_that_is_there_stays_as_it_is(client: EmbeddedClient) -> None:
    """A server is started with its seed again, and keeps what it counted."""
    load_seed(client, seed(table(Items=ITEMS)))
    client.delete_item(TableName="items", Key={"id": {"S": "a"}})

    again = load_seed(client, seed(table(Items=ITEMS), table("new", Items=ITEMS)))

    assert again == [Seeded("items", None), Seeded("new", 2)]
    assert client.scan(TableName="items")["Count"] == 1
    assert client.scan(TableName="new")["Count"] == 2


def test_more_tables_than_a_page_names_are_seen(client: EmbeddedClient) -> None:
    tables = [table(f"table-{number}") for number in range(130)]
    load_seed(client, seed(*tables))

    assert {each.items for each in load_seed(client, seed(*tables))} == {None}


BAD: list[tuple[bytes, str]] = [
    (b"", "line 1, column 1"),
    (b'{"Tables": [\n{"TableName": }]}', "line 2, column 15"),
    (b"\xff\xfe\xfd", "is not UTF-8"),
    (b"[" * 100_000, "nested too deeply"),
    (b"[]", 'one member, {"Tables"'),
    (b"{}", 'one member, {"Tables"'),
    (b'{"Tables": {}}', 'one member, {"Tables"'),
    (b'{"Tables": [], "Items": []}', 'one member, {"Tables"'),
    (b'{"Tables": [], "Tables": []}', "the member 'Tables' twice"),
    (seed(7), r"Tables\[0\] must be an object"),
    (seed({}), r"Tables\[0\]: .*'tableName'|Tables\[0\]: .*TableName"),
    (seed(table(Items={})), r"Tables\[0\]\.Items must be a list"),
    (seed(table(KeySchema=7)), r"Tables\[0\]: "),
    (seed(table(Itemz=[])), r"Tables\[0\]: .*Itemz"),
    (seed(table(), table()), r"Tables\[1\]: Table already exists"),
    (
        seed(table(), table("more", Items=[*ITEMS, {}])),
        r"Tables\[1\]\.Items\[2\]: .*Missing",
    ),
    (seed(table(Items=[7])), r"Tables\[0\]\.Items\[0\]: "),
    (seed(table(Items=[{"id": {"S": 7}}])), r"Tables\[0\]\.Items\[0\]: "),
    (seed(table(Items=[{"id": {"N": "1"}}])), r"Items\[0\]: .*Type mismatch for key"),
    (seed(table(Items=[{"id": {"B": "?"}}])), r"Items\[0\]: .*[Bb]ase64"),
    (seed(table(Items=[ITEMS[0], ITEMS[1], ITEMS[0]])), r"Items\[2\]: another item of"),
    (seed(table(TimeToLiveSpecification=7)), r"Tables\[0\]\.TimeToLiveSpecification: "),
]


@pytest.mark.parametrize(("content", "says"), BAD)
def test_a_bad_file_is_refused_where_it_is_bad(content: bytes, says: str) -> None:
    """And nothing of it is loaded."""
    with EmbeddedClient(":memory:") as client:
        with pytest.raises(SeedError, match=says):
            load_seed(client, content)

        assert client.list_tables()["TableNames"] == []
        load_seed(client, seed(table(Items=ITEMS)))  # the client is as good as before


def test_a_full_disk_leaves_nothing_half_loaded(tmp_path: Path) -> None:
    items = [{"id": {"S": f"{n}" + "x" * 1_000}} for n in range(200)]
    with EmbeddedClient(str(tmp_path / "store.db")) as client:
        sqlite = client._storage._writer.sqlite
        (pages,) = sqlite.execute("PRAGMA page_count").fetchone()
        sqlite.execute(f"PRAGMA max_page_count = {pages + 5}")

        with pytest.raises(StorageFullException, match="nothing was written"):
            load_seed(client, seed(table(Items=items)))

        assert client.list_tables()["TableNames"] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["TableName", "Items", "KeySchema", "id", "S", "B", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*table(), "Items", "Tags"]), JSON))
def test_any_table_is_loaded_or_refused(changes: dict[str, Any]) -> None:
    """Never a failure of ours."""
    with EmbeddedClient(":memory:") as client:
        try:
            load_seed(client, seed(table() | changes))
        except SeedError:
            assert client.list_tables()["TableNames"] == []
