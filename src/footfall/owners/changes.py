"""What is stored of the owner, read and written: each write moves one version number.

A running server reads the number twice a second, and the rest only when it moved; so a
session that ended, a token that was revoked or a password that was changed is known to
every server of the store within a second, at the price of one small read.
"""

from collections.abc import Iterator

from footfall.counters.bulk import query
from footfall.counters.port import (
    Item,
    Store,
    reason_codes,
    retry_conflicts,
    store_errors,
    translate,
    translate_read,
)
from footfall.counters.tables import KIND, NAME, VERSION, Request

OWNER_KIND = "owner"

_VERSION_KEY: Item = {KIND: {"S": OWNER_KIND}, NAME: {"S": "version"}}


def owner_version(store: Store) -> int:
    """A number that is another after every change of what this package stores.

    Raises:
        TableNotFoundError: The table is missing.
        UnavailableError: The store is away.
    """
    item = read_setting(store, _VERSION_KEY)
    return int(item[VERSION]["N"]) if item else 0


def read_setting(store: Store, key: Item) -> Item:
    """The item of the settings at `key`, {} if there is none; errors as above."""
    table = store.tables.settings
    try:
        answer = store.client.get_item(TableName=table, Key=key, ConsistentRead=True)
    except store_errors(store.client) as error:
        raise translate_read(error, "GetItem", table) from error
    item: Item = answer.get("Item", {})
    return item


def read_kind(store: Store, kind: str) -> Iterator[Item]:
    """All items of a kind; errors as above."""
    request = {
        "TableName": store.tables.settings,
        "KeyConditionExpression": "#kind = :kind",
        "ExpressionAttributeNames": {"#kind": KIND},
        "ExpressionAttributeValues": {":kind": {"S": kind}},
        "ConsistentRead": True,
    }
    return query(store.client, request)


def put(store: Store, item: Item, **condition: object) -> Request:
    """The action that puts an item into the settings."""
    return {"Put": {"TableName": store.tables.settings, "Item": item, **condition}}


def delete(store: Store, key: Item) -> Request:
    """The action that deletes an item of the settings; one that is not there is fine."""
    return {"Delete": {"TableName": store.tables.settings, "Key": key}}


def write(store: Store, action: Request) -> bool:
    """Do the action and move the version, both or neither; whether its condition held.

    Raises:
        ThrottledError: Nothing was written. Try again after a pause.
        IndeterminateError: No answer came. Look before trying again.
        TableNotFoundError: The table is missing.
    """
    move = {
        "Update": {
            "TableName": store.tables.settings,
            "Key": _VERSION_KEY,
            "UpdateExpression": "ADD #version :one",
            "ExpressionAttributeNames": {"#version": VERSION},
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }
    try:
        retry_conflicts(
            store.client,
            lambda: store.client.transact_write_items(TransactItems=[action, move]),
        )
    except store_errors(store.client) as error:
        if "ConditionalCheckFailed" in reason_codes(error):
            return False
        raise translate(error, "TransactWriteItems", store.tables.settings) from error
    return True
