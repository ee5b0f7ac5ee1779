"""A line for each request that the endpoint answers: who asked what of which tables.

    2026-11-25T20:14:03.123Z UpdateItem siteVisits 200 1.3 ms
    2026-11-25T20:14:03.131Z PutItem orders 400 ValidationException 0.4 ms

Nothing of an item is in it, so no error's words either, which may quote a value; the
caller has those. What the caller wrote is escaped and cut: a line is a line.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

NAME_LENGTH_MAX = 255  # of a table, and of an operation more than enough
TABLES_MAX = 5  # that are named

_NOBODY = 499  # the status, as nginx has it, where whoever asked has gone


@dataclass(slots=True)
class Exchange:
    """A request and what was answered, as far as it is known.

    Attributes:
        at: When it came, seconds since the epoch.
        operation: What the target named, "" if nothing.
        tables: Those that the request names.
        status: The answer's; 499 if nobody waited for one.
        code: DynamoDB's code of an error, "" if there was none.
        seconds: From the request's head to its answer.
    """

    at: float
    operation: str = ""
    tables: tuple[str, ...] = ()
    status: int = _NOBODY
    code: str = ""
    seconds: float = 0.0

    def line(self) -> str:
        """The exchange as one line."""
        at = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        names = [_escaped(name) for name in self.tables[:TABLES_MAX]]
        if len(self.tables) > TABLES_MAX:
            names.append(f"and {len(self.tables) - TABLES_MAX} more")
        parts = [
            at.replace("+00:00", "Z"),
            _escaped(self.operation) or "-",
            ",".join(names) or "-",
            str(self.status),
            self.code,
            f"{self.seconds * 1_000:.1f} ms",
        ]
        return " ".join(part for part in parts if part)


def tables_of(request: Mapping[str, Any]) -> tuple[str, ...]:
    """The tables that a request names, each once, in its order."""
    return tuple(dict.fromkeys(_names(request)))


def _names(request: Mapping[str, Any]) -> Iterator[str]:
    for name in ("TableName", "ResourceArn"):
        if isinstance(request.get(name), str):
            yield request[name].rpartition("/")[2]
    if isinstance(request.get("RequestItems"), dict):
        yield from request["RequestItems"]
    for action in _dicts(request.get("TransactItems")):
        for content in _dicts(list(action.values())):
            if isinstance(content.get("TableName"), str):
                yield content["TableName"]


def _dicts(members: object) -> Iterable[dict[str, Any]]:
    if not isinstance(members, list):
        return ()
    return (member for member in members if isinstance(member, dict))


def _escaped(text: str) -> str:
    """Printable, without spaces, and not long."""
    return "".join(
        letter
        if letter.isprintable()
        else letter.encode("unicode_escape", "surrogatepass").decode()
        for letter in text[:NAME_LENGTH_MAX]
    ).replace(" ", "\\x20")
