"""A client that adds up what its calls consume, as DynamoDB would bill it.

It asks for ReturnConsumedCapacity with each call, and has only boto3's methods: so
whoever counts through it takes the way that is taken on DynamoDB, also where the client
behind it could do more at once.
"""

from collections import Counter as Tally
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from footfall.counters.port import DynamoDBClient, Response

_WRITES = frozenset(
    {
        *("batch_write_item", "delete_item", "put_item", "transact_write_items"),
        "update_item",
    }
)
_READS = frozenset(
    {"batch_get_item", "get_item", "query", "scan", "transact_get_items"}
)


@dataclass(frozen=True, slots=True)
class Consumption:
    """What was consumed.

    Attributes:
        write_units: Write request units, one for each KB; twice in a transaction.
        read_units: Read request units, one for each 4 KB read consistently.
        requests: Calls, which take time but cost nothing by themselves.
    """

    write_units: float
    read_units: float
    requests: int


class MeteredClient:
    """Passes every call on, and adds up what it consumed."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self._units: Tally[str] = Tally()
        self.exceptions = client.exceptions

    def reset(self) -> None:
        """Begin at nothing again."""
        self._units.clear()

    def consumed(self) -> Consumption:
        """What the calls since the last reset consumed."""
        return Consumption(
            float(self._units["write"]),
            float(self._units["read"]),
            int(self._units["requests"]),
        )

    def __getattr__(self, name: str) -> Callable[..., Response]:
        if name not in _WRITES | _READS:
            if name == "batch":  # the one method beyond boto3's
                raise AttributeError(name)
            method: Callable[..., Response] = getattr(self._client, name)
            return method

        def call(**request: Any) -> Response:
            method = getattr(self._client, name)
            answer: Response = method(**request, ReturnConsumedCapacity="TOTAL")
            self._units["requests"] += 1
            kind = "write" if name in _WRITES else "read"
            for each in _entries(answer):
                self._units[kind] += each["CapacityUnits"]
            return answer

        return call


def _entries(answer: Response) -> list[Mapping[str, Any]]:
    """The entries of ConsumedCapacity: one, or one for each table."""
    entries = answer.get("ConsumedCapacity", [])
    return entries if isinstance(entries, list) else [entries]
