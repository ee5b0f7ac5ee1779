"""A write that counts nothing: whether the store takes any."""

from footfall.counters.port import Store, store_errors, translate
from footfall.counters.tables import KIND, NAME

_PROBE = {KIND: {"S": "probe"}, NAME: {"S": "write"}}


def try_write(store: Store) -> None:
    """Put one small item of no meaning, always the same.

    Raises:
        FootfallError: The store does not take it, as `translate` says.

    Cost: 1 write unit.
    """
    try:
        store.client.put_item(TableName=store.tables.settings, Item=_PROBE)
    except store_errors(store.client) as error:
        raise translate(error, "PutItem", store.tables.settings) from error
