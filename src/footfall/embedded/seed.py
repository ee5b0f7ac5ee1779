"""Tables and items from a file, loaded all or none.

    {"Tables": [{
        "TableName": "siteVisits",
        "KeySchema": [{"AttributeName": "siteUrl", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "siteUrl", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "expiresAt"},
        "Items": [{"siteUrl": {"S": "https://a.example/"}, "visits": {"N": "0"}}]
    }]}

A table is a CreateTable request of DynamoDB's JSON, with its time to live and its items
beside it, so that what `aws dynamodb scan` printed can be pasted. All of a file is one
transaction. A table that is there stays as it is, items and all, whatever the file says
of it: so a server can be started with its seed every time, and keeps what it counted.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from footfall.embedded import wire
from footfall.embedded.exceptions import (
    ClientError,
    ConditionalCheckFailedException,
    RefusedCallError,
    SerializationException,
)

_TABLES = "Tables"
_ITEMS = "Items"
_TIME_TO_LIVE = "TimeToLiveSpecification"

Call = tuple[str, dict[str, Any]]


class SeedError(Exception):
    """The file cannot be loaded, and nothing of it is; the message says where and why."""


class Client(Protocol):
    """What loading needs of `client.EmbeddedClient`."""

    def list_tables(self, **request: Any) -> Any:
        """List the tables' names."""

    def do_all(self, calls: Iterable[Call]) -> None:
        """Do requests in one transaction, all or none."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """A table of the file, and how many items it got; None if it was there already."""

    table: str
    items: int | None


def load_seed(client: Client, content: bytes) -> list[Seeded]:
    """Make the tables of a file, with their items, that are not there yet.

    Returns:
        Each table of the file, in its order.

    Raises:
        SeedError: The file is not valid. Nothing of it is loaded.
        ClientError: The store failed; nothing is loaded unless its words say so.
    """
    there = _names(client)
    seeded: list[Seeded] = []
    calls: list[Call] = []
    places: list[str] = []
    for number, table in enumerate(_tables(content)):
        place = f"{_TABLES}[{number}]"
        name = table.get("TableName")
        if isinstance(name, str) and name in there:
            seeded.append(Seeded(name, None))
            continue
        items = table.get(_ITEMS, [])
        if not isinstance(items, list):
            raise SeedError(f"{place}.{_ITEMS} must be a list of items")
        for where, call in _calls(table, items):
            calls.append(call)
            places.append(place + where)
        seeded.append(Seeded(str(name), len(items)))
    _decode(calls, places)
    try:
        client.do_all(calls)
    except RefusedCallError as refused:
        raise SeedError(f"{places[refused.number]}: {_why(refused.error)}") from refused
    return seeded


def _names(client: Client) -> set[str]:
    names: set[str] = set()
    page: dict[str, Any] = {}
    while True:
        answer = client.list_tables(**page)
        names.update(answer["TableNames"])
        if "LastEvaluatedTableName" not in answer:
            return names
        page = {"ExclusiveStartTableName": answer["LastEvaluatedTableName"]}


def _tables(content: bytes) -> list[dict[str, Any]]:
    try:
        document = json.loads(content, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise SeedError(
            f"line {error.lineno}, column {error.colno}: {error.msg}"
        ) from error
    except UnicodeDecodeError as error:
        raise SeedError(f"byte {error.start} is not UTF-8") from error
    except RecursionError as error:
        raise SeedError("it is nested too deeply") from error
    tables = document.get(_TABLES) if isinstance(document, dict) else None
    if not isinstance(tables, list) or len(document) != 1:
        raise SeedError(f'it must be an object with one member, {{"{_TABLES}": [...]}}')
    for number, table in enumerate(tables):
        if not isinstance(table, dict):
            raise SeedError(f"{_TABLES}[{number}] must be an object")
    return tables


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members; JSON itself lets a name come twice, and the last wins."""
    found = dict(members)
    if len(found) != len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise SeedError(f"an object has the member {twice!r} twice")
    return found


def _calls(table: dict[str, Any], items: list[Any]) -> Iterator[tuple[str, Call]]:
    """The requests that make a table, each with its place in the table's object."""
    own = (_ITEMS, _TIME_TO_LIVE)
    yield "", ("CreateTable", {name: table[name] for name in table if name not in own})
    name = table.get("TableName")
    if _TIME_TO_LIVE in table:
        specification = {"TableName": name, _TIME_TO_LIVE: table[_TIME_TO_LIVE]}
        yield f".{_TIME_TO_LIVE}", ("UpdateTimeToLive", specification)
    condition = _absent(table.get("KeySchema"))
    for number, item in enumerate(items):
        put = {"TableName": name, "Item": item, **condition}
        yield f".{_ITEMS}[{number}]", ("PutItem", put)


def _absent(key_schema: object) -> dict[str, Any]:
    """The condition that no item has the same key: the file has each key once."""
    parts = key_schema if isinstance(key_schema, list) else []
    for part in parts:
        if isinstance(part, dict) and part.get("KeyType") == "HASH":
            return {
                "ConditionExpression": "attribute_not_exists(#key)",
                "ExpressionAttributeNames": {"#key": part.get("AttributeName")},
            }
    return {}  # which CreateTable refuses


def _decode(calls: list[Call], places: list[str]) -> None:
    """Turn base64 into bytes in the items, in place."""
    for (_, request), place in zip(calls, places, strict=True):
        try:
            wire.decode_binaries(request)
        except SerializationException as error:
            raise SeedError(f"{place}: {error.message}") from error


def _why(error: ClientError) -> str:
    if isinstance(error, ConditionalCheckFailedException):
        return "another item of the file has the same key"
    return error.message or error.code
