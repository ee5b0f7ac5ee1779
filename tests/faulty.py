"""A DynamoDB client that fails as networks and DynamoDB do.

It wraps a real client and has only boto3's methods, so whoever uses it takes the same
path as on DynamoDB. A fault happens to one call of one operation, in the order given.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ReadTimeoutError

Fault = Callable[[Callable[[], Any]], Any]


def no_fault(call: Callable[[], Any]) -> Any:
    """The call goes through."""
    return call()


def lost_before(call: Callable[[], Any]) -> Any:
    """The request never arrives, and nobody can tell."""
    raise ReadTimeoutError(endpoint_url="http://store")


def lost_after(call: Callable[[], Any]) -> Any:
    """The request is applied, and its answer is lost."""
    call()
    raise ReadTimeoutError(endpoint_url="http://store")


def refused(code: str, reasons: list[str] | None = None, retried: int = 0) -> Fault:
    """DynamoDB refuses with an error code, and reasons if it cancels a transaction."""

    def fault(call: Callable[[], Any]) -> Any:
        response: Any = {
            "Error": {"Code": code, "Message": code},
            "ResponseMetadata": {"RetryAttempts": retried},
        }
        if reasons is not None:
            response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
        raise _RefusalError(response)

    fault.__name__ = f"{code}-retried" if retried else code
    return fault


class _RefusalError(Exception):
    """DynamoDB's answer; `FaultyClient` raises it as its client would."""

    def __init__(self, response: Any) -> None:
        super().__init__(response)
        self.response = response


CONFLICT = refused("TransactionCanceledException", ["TransactionConflict"])


def after(act: Callable[[], Any]) -> Fault:
    """Somebody else acts just before the call arrives."""

    def fault(call: Callable[[], Any]) -> Any:
        act()
        return call()

    return fault


def answered_before(act: Callable[[], Any]) -> Fault:
    """Somebody else acts when the call is done, and before its answer is read."""

    def fault(call: Callable[[], Any]) -> Any:
        answer = call()
        act()
        return answer

    return fault


class FaultyClient:
    """Passes every call on, after the next fault planned for its operation."""

    def __init__(self, client: Any, **faults: list[Fault]) -> None:
        self._client = client
        self._faults = {name: deque(planned) for name, planned in faults.items()}
        self.exceptions = client.exceptions
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def plan(self, operation: str, faults: list[Fault]) -> None:
        """Let the next calls of an operation meet these faults, one each."""
        self._faults[operation] = deque(faults)

    def __getattr__(self, name: str) -> Any:
        if name == "batch":
            raise AttributeError(name)
        method = getattr(self._client, name)

        def call(**request: Any) -> Any:
            self.requests.append((name, request))
            planned = self._faults.get(name)
            fault = planned.popleft() if planned else no_fault
            try:
                return fault(lambda: method(**request))
            except _RefusalError as refusal:
                raise client_error(self._client, refusal.response) from None

        return call


def client_error(client: Any, response: Any) -> Exception:
    """A response that is none of success, as an error of a client's own class."""
    kind: Any = type("RefusedError", (client.exceptions.ClientError,), {})
    error: Any = kind.__new__(kind, response["Error"]["Message"])
    error.response = response
    error.operation_name = "Operation"
    error.code = error.message = response["Error"]["Code"]
    refusal: Exception = error
    return refusal
