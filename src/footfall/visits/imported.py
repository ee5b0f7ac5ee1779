"""Where it is noted what was imported into a site, so that nothing is imported twice.

    footfallSettings    import SITE    …    what an import counted, in the transaction
                                            that counted it (`footfall.transfer`)

A note stays as long as its site: a receipt is forgotten after the window, and a log may
be imported again years later.
"""

from collections.abc import Iterator

from footfall.counters.bulk import query
from footfall.counters.port import Item, Store
from footfall.counters.tables import KIND, NAME, Request

EXPORT_NOTE = "export"  # of the export that a site was made of; there is one at most


def note_key(site: str, name: str) -> Item:
    """The key of a note of an import into a site."""
    return {KIND: {"S": f"import {site}"}, NAME: {"S": name}}


def notes(store: Store, site: str, prefix: str = "") -> Iterator[Item]:
    """A site's notes whose names begin with `prefix`, in the order of their names.

    Raises:
        UnavailableError: The store is away.
    """
    return query(store.client, _notes_request(store, site, prefix))


def note_keys(store: Store, site: str) -> Iterator[Item]:
    """The keys of a site's notes."""
    request = _notes_request(store, site, "")
    request["ProjectionExpression"] = "#kind, #name"
    request["ExpressionAttributeNames"] |= {"#name": NAME}
    return query(store.client, request)


def _notes_request(store: Store, site: str, prefix: str) -> Request:
    request: Request = {
        "TableName": store.tables.settings,
        "KeyConditionExpression": "#kind = :kind",
        "ExpressionAttributeNames": {"#kind": KIND},
        "ExpressionAttributeValues": {":kind": note_key(site, "")[KIND]},
        "ConsistentRead": True,
    }
    if prefix:
        request["KeyConditionExpression"] += " AND begins_with(#name, :prefix)"
        request["ExpressionAttributeNames"]["#name"] = NAME
        request["ExpressionAttributeValues"][":prefix"] = {"S": prefix}
    return request
