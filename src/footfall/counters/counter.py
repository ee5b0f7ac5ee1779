"""One number in one item of any DynamoDB table, moved atomically.

`add` is the recipe's own call: one UpdateItem, atomic, but not idempotent: a retry
after a lost answer adds again, and boto3 retries by itself.

`add_once` is one transaction: Put the receipt of the id if it is absent, and SET the
sum. Whoever retries it, with whatever pause inside the window, it adds once.
ClientRequestToken alone (`receipts=None`) is the explicit ten-minute mode: it needs
no second table and half the write units, and forgets after ten minutes
(docs/decisions/0002-receipts.md).
"""

import time
import uuid
from collections.abc import Mapping
from typing import Any

from footfall.counters.names import (
    KeyValue,
    attribute_value,
    check_amount,
    check_id,
    describe_key,
)
from footfall.counters.port import (
    DAY_SECONDS,
    DynamoDBClient,
    Item,
    cancellation_reasons,
    error_code,
    reason_codes,
    retry_conflicts,
    store_errors,
    translate,
    translate_read,
)
from footfall.counters.tables import EXPIRES_AT, MOVED, RECEIPT, Request, Tables
from footfall.errors import (
    CounterNotFoundError,
    FootfallError,
    IdReusedError,
    InvalidInputError,
    NotANumberError,
)

RECEIPT_KEY_BYTES_MAX = 2_048  # DynamoDB's limit of a partition key

# Names the ten-minute mode's tokens; any fixed value does.
_TOKEN_NAMESPACE = uuid.UUID("9d0f5f2e-3c5b-5d2f-9f0e-6b1f2f3a7c41")


class Counter:
    """One number: an attribute of the item at `key`.

    Args:
        client: `boto3.client("dynamodb")`, or what `footfall.connect` gave.
        table: The table's name, "siteVisits".
        key: The item's whole primary key as plain values, {"siteUrl": "https://…"}.
        attribute: The number's attribute, "visits". The item is not made by
            counting: put it once with a starting number.
        receipts: The table that remembers ids (key `receipt` S, TTL on
            `expiresAt`); None is the ten-minute mode.
        window_seconds: How long an id is remembered, 24 hours unless told.

    Raises:
        InvalidInputError: A key's value is not text, a whole number or bytes.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        *,
        table: str,
        key: Mapping[str, KeyValue],
        attribute: str,
        receipts: str | None = Tables().visit_receipts,
        window_seconds: int = DAY_SECONDS,
    ) -> None:
        self.client = client
        self.table = table
        self.attribute = attribute
        self.receipts = receipts
        self.window_seconds = window_seconds
        self.name = describe_key(table, key)
        self._key = {name: attribute_value(value) for name, value in key.items()}

    def add(self, amount: int) -> int:
        """Add `amount`, negative to subtract, and return the new value.

        Atomic, not idempotent: never retry it after an IndeterminateError.

        Raises:
            InvalidInputError: The amount is not a whole number. Nothing was written.
            CounterNotFoundError: No item or no attribute. Nothing was written.
            NotANumberError: The attribute is not a number. Nothing was written.
            ThrottledError: Nothing was written. Retry after a pause.
            IndeterminateError: No answer came. Read before you add again.

        Cost: 1 write unit. Source: DynamoDB API Reference, UpdateItem.
        """
        request = self._update(check_amount(amount))
        request["ReturnValues"] = "UPDATED_NEW"
        try:
            answer = retry_conflicts(
                self.client, lambda: self.client.update_item(**request)
            )
        except store_errors(self.client) as error:
            raise self._explain(error, "UpdateItem") from error
        return int(answer["Attributes"][self.attribute]["N"])

    def add_once(self, amount: int, *, id: str) -> bool:
        """Add `amount`, once for each `id`, whatever is retried.

        Args:
            amount: What to add, negative to subtract.
            id: What makes the call idempotent, 1 to 64 printable ASCII characters.

        Returns:
            True if this call moved the counter, False if the id had before. In the
            ten-minute mode always True: DynamoDB answers a repeat as the first.

        Raises:
            InvalidInputError: The amount or the id is not valid. Nothing was written.
            CounterNotFoundError: No item or no attribute. Nothing was written.
            NotANumberError: The attribute is not a number. Nothing was written.
            IdReusedError: The id came before with another amount. Nothing was written.
            ThrottledError: Nothing was written. Retry after a pause.
            IndeterminateError: No answer came. Retry with the same id.

        Cost: 4 write units (2 in the ten-minute mode).
        Source: DynamoDB API Reference, TransactWriteItems.
        """
        check_amount(amount)
        check_id(id)
        request = (
            self._transaction_with_token(amount, id)
            if self.receipts is None
            else self._transaction_with_receipt(amount, id, self.receipts)
        )
        try:
            retry_conflicts(
                self.client, lambda: self.client.transact_write_items(**request)
            )
        except store_errors(self.client) as error:
            if self._counted_before(error, amount, id):
                return False
            raise self._explain(error, "TransactWriteItems", id) from error
        return True

    def value(self) -> int:
        """The counter's number now, read consistently.

        Raises:
            CounterNotFoundError: No item or no attribute.
            NotANumberError: The attribute is not a number.
            UnavailableError: The store is away.
        """
        try:
            answer = self.client.get_item(
                TableName=self.table, Key=self._key, ConsistentRead=True
            )
        except store_errors(self.client) as error:
            raise translate_read(error, "GetItem", self.table) from error
        return self._number_in(answer.get("Item", {}))

    def _number_in(self, item: Mapping[str, Any]) -> int:
        stored = item.get(self.attribute)
        if stored is None:
            raise CounterNotFoundError(self.name)
        if "N" not in stored:
            raise NotANumberError(
                self.name, self.attribute, "set it to a number, then count again"
            )
        return int(stored["N"])

    def _update(self, amount: int) -> Request:
        return {
            "TableName": self.table,
            "Key": self._key,
            "UpdateExpression": "SET #value = #value + :amount",
            "ExpressionAttributeNames": {"#value": self.attribute},
            "ExpressionAttributeValues": {":amount": {"N": str(amount)}},
        }

    def _transaction_with_receipt(self, amount: int, id: str, receipts: str) -> Request:
        receipt = f"{receipt_prefix(self.table, self._key)}{self.attribute} {id}"
        if len(receipt.encode()) > RECEIPT_KEY_BYTES_MAX:
            raise InvalidInputError("key", "is too long to keep a receipt for")
        put = {
            "TableName": receipts,
            "Item": {
                RECEIPT: {"S": receipt},
                MOVED: {"N": str(amount)},
                EXPIRES_AT: {"N": str(int(time.time()) + self.window_seconds)},
            },
            "ConditionExpression": f"attribute_not_exists({RECEIPT})",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return {
            "TransactItems": [{"Put": put}, {"Update": self._update(amount)}],
            # One token for this call's own retries, so that a success whose answer
            # was lost is answered as a success.
            "ClientRequestToken": str(uuid.uuid4()),
        }

    def _transaction_with_token(self, amount: int, id: str) -> Request:
        address = _address(self._key)
        what = "\n".join([self.table, address, self.attribute, id, str(amount)])
        return {
            "TransactItems": [{"Update": self._update(amount)}],
            "ClientRequestToken": str(uuid.uuid5(_TOKEN_NAMESPACE, what)),
        }

    def _counted_before(self, error: Exception, amount: int, id: str) -> bool:
        if self.receipts is None or not reason_codes(error):
            return False
        reason = cancellation_reasons(error)[0]
        if reason.get("Code") != "ConditionalCheckFailed":
            return False
        earlier = reason.get("Item", {}).get(MOVED, {}).get("N", str(amount))
        if earlier != str(amount):
            raise IdReusedError(id, f"adding {earlier} to {self.name}") from error
        return True

    def _explain(
        self, error: Exception, operation: str, id: str | None = None
    ) -> FootfallError:
        """The error that says what is wrong with the counter's item, if anything.

        DynamoDB says "ValidationException" for a missing attribute and for one of
        the wrong type alike; the item itself tells them apart without a guess at
        the words of a message.
        """
        refused = error_code(error) == "ValidationException"
        if refused or "ValidationError" in reason_codes(error):
            try:
                self.value()
            except (CounterNotFoundError, NotANumberError) as explained:
                return explained
        return translate(error, operation, self.table, id)


def receipt_prefix(table: str, key: Item) -> str:
    """What the receipts of additions to an item begin with.

    Args:
        table: The item's table.
        key: Its key, in DynamoDB's form.
    """
    return f"{table}/{_address(key)}/"


def _address(key: Item) -> str:
    # Sorted: the same key written in another order is the same item.
    return ",".join(
        f"{name}={next(iter(value.values()))!s}" for name, value in sorted(key.items())
    )
