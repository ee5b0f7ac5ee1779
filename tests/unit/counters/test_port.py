"""What an error of a store means: whether it was written, and what to do next."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from footfall.counters.port import (
    error_names,
    is_contended,
    translate,
    translate_read,
)
from footfall.errors import (
    FootfallError,
    IndeterminateError,
    StoreError,
    TableNotFoundError,
    ThrottledError,
    UnavailableError,
)

URL = "http://store"


def said(
    code: str, status: int = 400, reasons: tuple[str, ...] = (), retried: int = 0
) -> ClientError:
    """DynamoDB's answer, as boto3 raises it."""
    response: Any = {
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": retried},
    }
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, "TransactWriteItems")


CANCELLED = "TransactionCanceledException"

NOT_WRITTEN = [
    (said("ThrottlingException"), ThrottledError),
    (said("ProvisionedThroughputExceededException"), ThrottledError),
    (said("RequestLimitExceeded"), ThrottledError),
    (said("TransactionConflictException"), ThrottledError),
    (said(CANCELLED, reasons=("None", "TransactionConflict")), ThrottledError),
    (said(CANCELLED, reasons=("ThrottlingError",)), ThrottledError),
    (said(CANCELLED, reasons=("ProvisionedThroughputExceeded",)), ThrottledError),
    (said("ResourceNotFoundException"), TableNotFoundError),
    (said("ValidationException"), StoreError),
    (said("AccessDeniedException"), StoreError),
    (said("ItemCollectionSizeLimitExceededException"), StoreError),
    (said("UnrecognizedClientException"), StoreError),
    (said("StorageFullException", 500), UnavailableError),
    (NoCredentialsError(), StoreError),
]
UNKNOWN = [
    said("InternalServerError", 500),
    said("InternalFailure", 500),
    said("ServiceUnavailable", 503),
    said("TransactionInProgressException"),
    # A gateway's own page: botocore takes the status for the code.
    said("502", 502),
    said("504", 504),
    ReadTimeoutError(endpoint_url=URL),
    # botocore says the same whether it could not connect at its first try or its last.
    ConnectTimeoutError(endpoint_url=URL),
    EndpointConnectionError(endpoint_url=URL),
    # The SDK tried before, and that try's answer may have been lost.
    said("ThrottlingException", retried=1),
    said(CANCELLED, reasons=("TransactionConflict",), retried=1),
    said("AccessDeniedException", retried=3),
]


@pytest.mark.parametrize(("error", "kind"), NOT_WRITTEN)
def test_what_was_not_written_is_told_so(
    error: Exception, kind: type[FootfallError]
) -> None:
    """And what to do about it: try again, mend, or make the table."""
    translated = translate(error, "TransactWriteItems", "table")

    assert type(translated) is kind
    assert translated.written == "no"


@pytest.mark.parametrize("error", UNKNOWN)
def test_what_may_be_written_is_unknown(error: Exception) -> None:
    """Whoever takes it for not written and counts anew counts twice."""
    translated = translate(error, "TransactWriteItems", "table")

    assert type(translated) is IndeterminateError
    assert translated.written == "unknown"


@pytest.mark.parametrize("error", UNKNOWN)
def test_a_read_writes_nothing(error: Exception) -> None:
    """So nothing of it is unknown."""
    translated = translate_read(error, "GetItem", "table")

    assert translated.written == "no"


def test_contention_is_what_another_place_would_mend() -> None:
    """A throttled table is not; another shard is in the same table."""
    assert is_contended(said(CANCELLED, reasons=("TransactionConflict",)))
    assert is_contended(said(CANCELLED, reasons=("ThrottlingError",)))
    assert not is_contended(said("ThrottlingException"))
    assert not is_contended(said(CANCELLED, reasons=("ConditionalCheckFailed",)))


@pytest.mark.parametrize(
    ("error", "names"),
    [
        (
            said(CANCELLED, reasons=("None", "TransactionConflict")),
            "TransactionConflict",
        ),
        (said(CANCELLED, reasons=("ConditionalCheckFailed", "None")), ""),
        (said("ThrottlingException"), "ThrottlingException"),
        (ReadTimeoutError(endpoint_url=URL), "ReadTimeoutError"),
    ],
)
def test_an_error_is_counted_by_what_it_was(error: Exception, names: str) -> None:
    """A duplicate is an answer, and no error."""
    assert " ".join(error_names(error)) == names
