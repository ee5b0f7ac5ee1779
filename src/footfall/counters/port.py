"""The storage port: the methods of the DynamoDB low-level client that are called.

The port is owned by someone else: its shape is boto3's, its rules are DynamoDB's.
`boto3.client("dynamodb")` is one implementation and the embedded engine the other;
one contract suite runs on both. Nothing else stores anything.

Here is also the one translation from a store's errors to Footfall's. It reads what
every client puts into `error.response`, so the library imports neither.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from footfall.counters.backoff import pause
from footfall.counters.tables import Request, Tables
from footfall.errors import (
    FootfallError,
    IndeterminateError,
    StoreError,
    TableNotFoundError,
    ThrottledError,
    UnavailableError,
)

Item = dict[str, dict[str, Any]]
Response = Mapping[str, Any]
Result = TypeVar("Result")

DAY_SECONDS = 86_400

# DynamoDB API Reference, TransactWriteItems and BatchGetItem: limits.
TRANSACTION_ACTIONS_MAX = 100
BATCH_ACTIONS_MAX = 4_000  # the embedded engine's own, of a transaction in a batch
BATCH_GET_KEYS_MAX = 100
BATCH_WRITE_ITEMS_MAX = 25

# A conflict is over once the other transaction is, some 10 to 20 ms on AWS.
CONFLICT_TRIES_MAX = 12
CONFLICT_PAUSE_SECONDS = 0.01
CONFLICT_PAUSE_SECONDS_MAX = 0.2

_THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
    }
)
# The codes of a transaction's cancellation reasons that mean the same.
_REASON_THROTTLES = frozenset(
    {"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"}
)
# The engine's own, about its disk; nothing was written.
_AWAY = frozenset({"StorageFailedException", "StorageFullException"})
_UNKNOWN_OUTCOMES = frozenset(
    {
        "InternalServerError",
        "InternalFailure",
        "ServiceUnavailable",
        "TransactionInProgressException",
    }
)


class DynamoDBClient(Protocol):
    """The low-level client, as `boto3.client("dynamodb")` is.

    Each method takes and answers what DynamoDB's API Reference says of it;
    `exceptions` has a class for each error code, and their base `ClientError`.
    The arguments are written as typed stubs of boto3 can match them; all of them are
    passed by name.
    """

    @property
    def exceptions(self) -> Any: ...
    def batch_get_item(self, *args: Any, **request: Any) -> Any: ...
    def batch_write_item(self, *args: Any, **request: Any) -> Any: ...
    def create_table(self, *args: Any, **request: Any) -> Any: ...
    def delete_item(self, *args: Any, **request: Any) -> Any: ...
    def describe_table(self, *args: Any, **request: Any) -> Any: ...
    def describe_time_to_live(self, *args: Any, **request: Any) -> Any: ...
    def get_item(self, *args: Any, **request: Any) -> Any: ...
    def put_item(self, *args: Any, **request: Any) -> Any: ...
    def query(self, *args: Any, **request: Any) -> Any: ...
    def scan(self, *args: Any, **request: Any) -> Any: ...
    def transact_get_items(self, *args: Any, **request: Any) -> Any: ...
    def transact_write_items(self, *args: Any, **request: Any) -> Any: ...
    def update_item(self, *args: Any, **request: Any) -> Any: ...
    def update_time_to_live(self, *args: Any, **request: Any) -> Any: ...


class BatchingClient(DynamoDBClient, Protocol):
    """A client with what is beyond boto3's methods: the embedded engine has it."""

    def batch(
        self, calls: Sequence[tuple[str, Request]], *, large_transactions: bool = False
    ) -> list[Response | Exception]:
        """Apply independent requests under one fsync; an answer or error for each.

        Large transactions have up to `BATCH_ACTIONS_MAX` actions.
        """

    def tidy(self) -> bool:
        """Delete some of what has expired; whether there may be more."""


@dataclass(frozen=True, slots=True)
class Store:
    """Where everything is kept: a client, the tables' names, and the window.

    `window_seconds` is how long an id is remembered (G1): the receipts' life.
    """

    client: DynamoDBClient
    tables: Tables = field(default_factory=Tables)
    window_seconds: int = DAY_SECONDS


def batching(client: DynamoDBClient) -> BatchingClient | None:
    """The client as one that applies many requests under one fsync, if it is one."""
    return client if hasattr(client, "batch") else None  # type: ignore[return-value]


def store_errors(client: DynamoDBClient) -> tuple[type[Exception], ...]:
    """The exception classes that a call of `client` may raise.

    botocore raises errors of its own when no answer came (BotoCoreError); they
    stand on no client. They are looked up among the loaded modules, since whoever
    holds a boto3 client has loaded them and the library must not.
    """
    botocore = sys.modules.get("botocore.exceptions")
    extra = (botocore.BotoCoreError,) if botocore is not None else ()
    return (client.exceptions.ClientError, *extra)


def error_code(error: Exception) -> str:
    """DynamoDB's code of an error, "" when no answer came."""
    return str(_response(error).get("Error", {}).get("Code", ""))


def cancellation_reasons(error: Exception) -> list[Mapping[str, Any]]:
    """Why a transaction was cancelled: one reason for each action, in order."""
    return list(_response(error).get("CancellationReasons", ()))


def reason_codes(error: Exception) -> list[str]:
    """The codes of the cancellation reasons; "None" where an action was fine."""
    return [str(reason.get("Code", "None")) for reason in cancellation_reasons(error)]


def error_names(error: Exception) -> list[str]:
    """What went wrong, each once, as whoever counts a store's errors names it.

    A condition that was false is an answer and no error, so it has no name.
    """
    names = {*reason_codes(error)} or {error_code(error) or type(error).__name__}
    return sorted(names - {"None", "ConditionalCheckFailed"})


def is_conflict(error: Exception) -> bool:
    """Whether nothing was written because another transaction held an item."""
    return error_code(
        error
    ) == "TransactionConflictException" or "TransactionConflict" in reason_codes(error)


def was_retried(error: Exception) -> bool:
    """Whether the SDK had tried before: that try's answer may have been lost."""
    return bool(_response(error).get("ResponseMetadata", {}).get("RetryAttempts", 0))


def is_contended(error: Exception) -> bool:
    """Whether nothing was written because of what others write to the same items."""
    return is_conflict(error) or not _REASON_THROTTLES.isdisjoint(reason_codes(error))


def translate(
    error: Exception, operation: str, table: str, id: str | None = None
) -> FootfallError:
    """The store's error as Footfall's: what to do, and whether it was written.

    Args:
        error: What a client raised; one of `store_errors`.
        operation: DynamoDB's name of the call, "UpdateItem".
        table: The table it was for.
        id: What makes a retry of the caller's request idempotent, if anything.
    """
    code = error_code(error)
    if code == "ResourceNotFoundException":
        return TableNotFoundError(table)
    if code in _AWAY:
        return UnavailableError(operation, _message(error))
    throttled = code in _THROTTLES or not _REASON_THROTTLES.isdisjoint(
        reason_codes(error)
    )
    if throttled and not was_retried(error):
        return ThrottledError(operation)
    # A refusal says nothing of the SDK's earlier tries; 502 and 504 are a gateway's.
    if was_retried(error) or code in _UNKNOWN_OUTCOMES or _status(error) >= 500:
        return IndeterminateError(operation, code, id)
    if not code and type(error).__name__ not in _NEVER_SENT:
        return IndeterminateError(operation, type(error).__name__, id)
    return StoreError(f"{operation} on table {table!r} was refused: {error}")


def translate_read(error: Exception, operation: str, table: str) -> FootfallError:
    """The store's error at a read as Footfall's: nothing is ever written by one."""
    match translate(error, operation, table):
        case IndeterminateError(cause=cause):
            return UnavailableError(operation, cause)
        case translated:
            return translated


# botocore raises these before anything leaves the process.
_NEVER_SENT = frozenset(
    {
        "NoCredentialsError",
        "NoRegionError",
        "ParamValidationError",
        "PartialCredentialsError",
        "ProfileNotFound",
    }
)


def _status(error: Exception) -> int:
    return int(_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _message(error: Exception) -> str:
    return str(_response(error).get("Error", {}).get("Message", ""))


def _response(error: Exception) -> Mapping[str, Any]:
    # botocore's errors without an answer have the attribute, too, and it is None.
    return getattr(error, "response", None) or {}


def retry_conflicts(client: DynamoDBClient, call: Callable[[], Result]) -> Result:
    """Run `call`, again after a pause with jitter while others hold its items.

    A conflict means that nothing was written. botocore does not retry one that
    cancelled a transaction.

    Raises:
        Exception: The last conflict after `CONFLICT_TRIES_MAX` tries, or whatever
            else the call raises.
    """
    for attempt in range(1, CONFLICT_TRIES_MAX):
        try:
            return call()
        except client.exceptions.ClientError as error:
            if not is_conflict(error):
                raise
        pause(
            attempt,
            first_seconds=CONFLICT_PAUSE_SECONDS,
            seconds_max=CONFLICT_PAUSE_SECONDS_MAX,
        )
    return call()
