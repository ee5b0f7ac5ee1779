"""The one table from an error to its HTTP answer: RFC 9457, Problem Details.

Every problem says in `written` whether the write happened: "no", or "unknown" and then
the same request with the same id finds out. What is worth a retry says when, in
Retry-After.
"""

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from footfall.errors import (
    AlreadyExistsError,
    FootfallError,
    IdReusedError,
    IndeterminateError,
    InvalidInputError,
    NotANumberError,
    NotFoundError,
    StoreError,
    TableNotFoundError,
    ThrottledError,
    UnavailableError,
)

Headers = list[tuple[bytes, bytes]]

_RETRY_SECONDS = 1.0


class HttpError(FootfallError):
    """A request that HTTP itself refuses, before anything of ours is asked."""

    def __init__(self, status: int, title: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.title = status, title
        self.headers = {name.replace("_", "-"): text for name, text in headers.items()}

    @property
    def reason(self) -> str:
        """Its title as whoever counts errors names it: "too_large"."""
        return self.title.lower().replace(" ", "_")


class NotSignedInError(HttpError):
    """Nobody said who they are, and the route is the owner's.

    A page leads to the sign-in, and from there to where it was; an API says how to ask.
    """

    def __init__(self, detail: str, challenge: str, back_to: str) -> None:
        super().__init__(401, "Not signed in", detail, www_authenticate=challenge)
        self.back_to = back_to


class ProblemAnswer(msgspec.Struct, omit_defaults=True):
    """An error as a document: RFC 9457, Problem Details.

    Attributes:
        title: What kind of error it is.
        status: The answer's status.
        detail: What happened, and what to do.
        written: Whether the write happened; "unknown": the same id finds out.
        field: What of the request is at fault.
    """

    title: str
    status: int
    detail: str
    written: Literal["no", "yes", "unknown"]
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as an answer: its status, further headers, and the document."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=list)


# The first class that the error is an instance of decides: subclasses stand first.
_STATUSES: tuple[tuple[type[FootfallError], int, str], ...] = (
    (InvalidInputError, 400, "Not valid"),
    (TableNotFoundError, 503, "The store is not set up"),
    (NotFoundError, 404, "Not found"),
    (AlreadyExistsError, 409, "Exists already"),
    (NotANumberError, 409, "Not a number"),
    (IdReusedError, 409, "Id used before"),
    (ThrottledError, 503, "Too much at once"),
    (UnavailableError, 503, "The store is away"),
    (IndeterminateError, 503, "Outcome unknown"),
    (StoreError, 503, "The store refused"),
)


# What is the store's fault, and may last: its owner must hear of it. Throttling comes
# and goes with the load.
STORE_AWAY = (IndeterminateError, StoreError, TableNotFoundError, UnavailableError)


def problem_of(error: FootfallError) -> Problem:
    """The answer to a request that met this error."""
    headers: dict[str, str] = {}
    if isinstance(error, HttpError):
        status, title, headers = error.status, error.title, dict(error.headers)
    else:
        status, title = next(
            (status, title)
            for kind, status, title in _STATUSES
            if isinstance(error, kind)
        )
    document = ProblemAnswer(
        title,
        status,
        str(error),
        error.written,
        error.field if isinstance(error, InvalidInputError) else None,
    )
    if status == 503:
        seconds = getattr(error, "retry_after_seconds", _RETRY_SECONDS)
        headers.setdefault("retry-after", str(max(1, round(seconds))))
    return Problem(
        status,
        msgspec.json.encode(document),
        [(b"content-type", b"application/problem+json")]
        + [(name.encode(), text.encode()) for name, text in headers.items()],
    )
