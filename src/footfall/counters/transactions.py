"""Whether a store has transactions: without them nothing can be counted once.

Some that speak DynamoDB's protocol have none: ScyllaDB's Alternator answers
UnknownOperationException. A visit's receipt and its numbers must change together, so
such a store is refused before anything is counted.
"""

from footfall.counters.port import Store, error_code, store_errors, translate
from footfall.counters.tables import KIND, NAME
from footfall.errors import StoreError

UNKNOWN_OPERATION = "UnknownOperationException"
NO_TRANSACTIONS = (
    "the store has no TransactWriteItems, as ScyllaDB's Alternator has none, and a visit"
    " cannot be counted exactly once without; use Amazon DynamoDB, `footfall dynamodb`,"
    " or a file"
)


def require_transactions(store: Store) -> None:
    """See that the store has transactions, by one that checks and writes nothing.

    Raises:
        StoreError: It has none; or it refused.
        ThrottledError: The store throttles. Retry after a pause.
        IndeterminateError: No answer came. Try again.

    Cost: 2 write units. Source: DynamoDB API Reference, ConditionCheck.
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
        if error_code(error) == UNKNOWN_OPERATION:
            raise StoreError(NO_TRANSACTIONS) from error
        raise translate(error, "TransactWriteItems", table) from error
