"""A DynamoDB client that fails as networks and DynamoDB do.

It wraps a real client and has only boto3's methods, so whoever uses it takes the same
path as on DynamoDB. A fault happens to one call of one operation, in the order given.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

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
        raise ClientError(response, "Operation")

    return fault


CONFLICT = refused("TransactionCanceledException", ["TransactionConflict"])


def after(act: Callable[[], Any]) -> Fault:
    """Somebody else acts just before the call arrives."""

    def fault(call: Callable[[], Any]) -> Any:
        act()
        return call()

    return fault


class FaultyClient:
    """Passes every call on, after the next fault planned for its operation."""

    def __init__(self, client: Any, **faults: list[Fault]) -> None:
        self._client = client
        self._faults = {name: deque(planned) for name, planned in faults.items()}
        self.exceptions = _Exceptions(client)
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
            return fault(lambda: method(**request))

        return call


class _Exceptions:
    """The wrapped client's exceptions; `ClientError` is botocore's too."""

    def __init__(self, client: Any) -> None:
        self._exceptions = client.exceptions
        self.ClientError = (client.exceptions.ClientError, ClientError)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exceptions, name)
