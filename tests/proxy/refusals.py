"""What DynamoDB answers when it refuses, in its own words; no I/O.

Source: DynamoDB API Reference, the errors of each operation and the cancellation
reasons of TransactionCanceledException; DynamoDB Developer Guide, Error handling.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Reason = Mapping[str, str]

NO_REASON: Reason = {"Code": "None"}
CONFLICT_REASON: Reason = {
    "Code": "TransactionConflict",
    "Message": "Transaction is ongoing for the item",
}
THROTTLED_REASON: Reason = {
    "Code": "ThrottlingError",
    "Message": (
        "Throughput exceeds the current capacity of your table or index. DynamoDB is"
        " automatically scaling your table or index so please try again shortly. If"
        " exceptions persist, check if you have a hot key:"
        " https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
        "bp-partition-key-design.html."
    ),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that DynamoDB answers.

    Attributes:
        code: The exception's name.
        message: What it says.
        status: The HTTP status.
        reasons: Why a transaction was cancelled, one for each action, in order.
    """

    code: str
    message: str = ""
    status: int = 400
    reasons: Sequence[Reason] = ()

    def content(self) -> dict[str, Any]:
        """The JSON object that the answer's body holds."""
        kind = f"com.amazonaws.dynamodb.v20120810#{self.code}"
        if not self.reasons:
            return {"__type": kind, "message": self.message}
        # Only a cancelled transaction spells it with a capital
        return {
            "__type": kind,
            "Message": self.message,
            "CancellationReasons": self.reasons,
        }


CONFLICT = Refusal("TransactionConflictException", CONFLICT_REASON["Message"])
REPEATED_ITEM = Refusal(
    "ValidationException",
    "Transaction request cannot include multiple operations on one item",
)
IN_PROGRESS = Refusal(
    "TransactionInProgressException",
    "The transaction with the given request token is already in progress.",
)
THROUGHPUT = Refusal(
    "ProvisionedThroughputExceededException",
    "The level of configured provisioned throughput for the table was exceeded."
    " Consider increasing your provisioning level with the UpdateTable API.",
)
THROTTLED = Refusal("ThrottlingException", THROTTLED_REASON["Message"])
INTERNAL_ERROR = Refusal(
    "InternalServerError",
    "The request processing has failed because of an unknown error, exception or"
    " failure.",
    status=500,
)


def cancelled(reasons: Sequence[Reason]) -> Refusal:
    """A transaction's cancellation for these reasons."""
    codes = ", ".join(reason["Code"] for reason in reasons)
    return Refusal(
        "TransactionCanceledException",
        "Transaction cancelled, please refer cancellation reasons for specific reasons"
        f" [{codes}]",
        reasons=reasons,
    )
