"""DynamoDB's errors in botocore's shape, without botocore.

Code that handles boto3's errors handles these unchanged: the class has DynamoDB's
code as its name, `response["Error"]` holds the code and the words, and
`client.exceptions` names every class. The words are DynamoDB's own.

    ClientError
    ├── ValidationException ... one class for each of DynamoDB's codes
    ├── InternalServerError        the only one whose status is 500
    ├── StorageFullException       the engine's own two, about its disk
    └── StorageFailedException
"""
# DynamoDB chose these names; botocore has them too.
# ruff: noqa: N818

from typing import Any, ClassVar, Self


class ClientError(Exception):
    """An answer of DynamoDB that is not a success."""

    status: ClassVar[int] = 400
    default_message: ClassVar[str] = ""

    def __init__(self, message: str = "", **extra: Any) -> None:
        """Describe the error.

        Args:
            message: DynamoDB's words; the class's own when empty.
            extra: Further fields of the answer, such as `Item`.
        """
        self.message = message or self.default_message
        self.code = type(self).__name__
        self.operation_name = ""
        self.response: dict[str, Any] = {
            "Error": {"Message": self.message, "Code": self.code},
            "ResponseMetadata": _metadata(self.status, ""),
            "message": self.message,
            **extra,
        }
        self.extra = extra
        super().__init__(self.message)

    def at(self, operation_name: str, request_id: str = "") -> Self:
        """Name the operation that failed, as the client does at its border."""
        self.operation_name = operation_name
        self.response["ResponseMetadata"] = _metadata(self.status, request_id)
        return self

    def __str__(self) -> str:
        """Return the text that botocore prints."""
        return (
            f"An error occurred ({self.code}) when calling the"
            f" {self.operation_name} operation: {self.message}"
        )


def _metadata(status: int, request_id: str) -> dict[str, Any]:
    return {
        "RequestId": request_id,
        "HTTPStatusCode": status,
        "HTTPHeaders": {},
        "RetryAttempts": 0,
    }


class ValidationException(ClientError):
    """The request is not valid."""


class SerializationException(ClientError):
    """The request cannot be read as DynamoDB's JSON."""


class UnknownOperationException(ClientError):
    """There is no such operation, or not here."""


class AccessDeniedException(ClientError):
    """The request came in a way that is not allowed."""


class MissingAuthenticationTokenException(ClientError):
    """Requests must be signed, and this one is not."""

    default_message = "Request is missing Authentication Token"


class IncompleteSignatureException(ClientError):
    """The signature lacks a part, or one is not as it must be."""


class UnrecognizedClientException(ClientError):
    """The request is signed by somebody unknown."""

    default_message = "The security token included in the request is invalid."


class InvalidSignatureException(ClientError):
    """The signature is not of this request, or not of now."""

    default_message = (
        "The request signature we calculated does not match the signature you provided."
        " Check your AWS Secret Access Key and signing method. Consult the service"
        " documentation for details."
    )


class ResourceNotFoundException(ClientError):
    """The table does not exist."""

    default_message = "Requested resource not found"


class TableNotFoundException(ClientError):
    """The table does not exist: what the operations on backups say."""


class ResourceInUseException(ClientError):
    """The table exists already, or cannot be changed now."""


class ConditionalCheckFailedException(ClientError):
    """The condition was false; `response["Item"]` when it was asked for."""

    default_message = "The conditional request failed"


class TransactionCanceledException(ClientError):
    """No action of the transaction was done; `response["CancellationReasons"]`."""


class TransactionConflictException(ClientError):
    """Another transaction holds the item."""

    default_message = "Transaction is ongoing for the item"


class TransactionInProgressException(ClientError):
    """The transaction with this token is still being done."""


class IdempotentParameterMismatchException(ClientError):
    """The token was used before, with another request."""


class LimitExceededException(ClientError):
    """Too many of something at once."""


class ItemCollectionSizeLimitExceededException(ClientError):
    """The items of one partition key are more than a local index can hold."""


class ProvisionedThroughputExceededException(ClientError):
    """The table's throughput is used up; retry after a pause."""


class RequestLimitExceeded(ClientError):
    """The account's throughput is used up; retry after a pause."""


class ThrottlingException(ClientError):
    """Too many control requests; retry after a pause."""


class InternalServerError(ClientError):
    """The engine failed; the write may have happened."""

    status = 500


class StorageFullException(ClientError):
    """The engine's own: the disk is full, and nothing was written."""

    status = 507
    default_message = (
        "The disk is full and nothing was written; free some space, and it goes on"
    )


class StorageFailedException(ClientError):
    """The engine's own: its file cannot be used any more; nothing was done now."""

    status = 503


class RefusedCallError(Exception):
    """One of the calls that were to be done together is refused, so none is done."""

    def __init__(self, number: int, error: ClientError) -> None:
        super().__init__(str(error))
        self.number, self.error = number, error


class Exceptions:
    """What `client.exceptions` is: every class under its own name."""

    ClientError = ClientError
    ValidationException = ValidationException
    SerializationException = SerializationException
    UnknownOperationException = UnknownOperationException
    AccessDeniedException = AccessDeniedException
    MissingAuthenticationTokenException = MissingAuthenticationTokenException
    IncompleteSignatureException = IncompleteSignatureException
    UnrecognizedClientException = UnrecognizedClientException
    InvalidSignatureException = InvalidSignatureException
    ResourceNotFoundException = ResourceNotFoundException
    TableNotFoundException = TableNotFoundException
    ResourceInUseException = ResourceInUseException
    ConditionalCheckFailedException = ConditionalCheckFailedException
    TransactionCanceledException = TransactionCanceledException
    TransactionConflictException = TransactionConflictException
    TransactionInProgressException = TransactionInProgressException
    IdempotentParameterMismatchException = IdempotentParameterMismatchException
    LimitExceededException = LimitExceededException
    ItemCollectionSizeLimitExceededException = ItemCollectionSizeLimitExceededException
    ProvisionedThroughputExceededException = ProvisionedThroughputExceededException
    RequestLimitExceeded = RequestLimitExceeded
    ThrottlingException = ThrottlingException
    InternalServerError = InternalServerError
    StorageFullException = StorageFullException
    StorageFailedException = StorageFailedException
