"""Whether a store has transactions: without them nothing can be counted once.

Some that speak DynamoDB's protocol have none: ScyllaDB's Alternator answers
UnknownOperationException. A visit's receipt and its numbers must change together, so
such a store is refused before anything is counted.
"""

import threading

from footfall.counters.port import Store, error_code, store_errors
from footfall.counters.tables import KIND, NAME
from footfall.errors import StoreError

UNKNOWN_OPERATION = "UnknownOperationException"
NO_TRANSACTIONS = (
    "the store has no TransactWriteItems, as ScyllaDB's Alternator has none, and a visit"
    " cannot be counted exactly once without; use Amazon DynamoDB, `footfall dynamodb`,"
    " or a file"
)
ANSWER_SECONDS_MAX = 3.0


def require_transactions(store: Store) -> None:
    """Refuse a store that says it has no transactions.

    One that throttles, refuses or hangs may do otherwise when visits come, and a server
    must start meanwhile: it is not waited for, and whoever counts then is told.

    Raises:
        StoreError: It has none.

    Cost: 2 write units.
    """
    lacking = threading.Event()

    def ask() -> None:
        if not _has_transactions(store):
            lacking.set()

    asking = threading.Thread(target=ask, name="has-transactions", daemon=True)
    asking.start()
    asking.join(ANSWER_SECONDS_MAX)
    if lacking.is_set():
        raise StoreError(NO_TRANSACTIONS)


def _has_transactions(store: Store) -> bool:
    """Whether a transaction that checks and writes nothing is known to the store.

    Source: DynamoDB API Reference, TransactWriteItems, ConditionCheck.
    """
    table = store.tables.settings
    absent = {
        "TableName": table,
        "Key": {KIND: {"S": "probe"}, NAME: {"S": "transaction"}},
        "ConditionExpression": "attribute_not_exists(#kind)",
        "ExpressionAttributeNames": {"#kind": KIND},
    }
    try:
        store.client.transact_write_items(TransactItems=[{"ConditionCheck": absent}])
    except store_errors(store.client) as error:
        return error_code(error) != UNKNOWN_OPERATION
    return True
