"""Every error that Footfall raises, one class for each next step.

    FootfallError
    ├── InvalidInputError        nothing written; correct the named field
    ├── NotFoundError            nothing written; create the thing first
    │   ├── SiteNotFoundError
    │   ├── CounterNotFoundError
    │   └── TableNotFoundError
    ├── AlreadyExistsError       nothing written; choose another name, or use it
    ├── NotANumberError          nothing written; repair the stored value
    ├── IdReusedError            nothing written; the id was used for another request
    ├── ThrottledError           nothing written; retry after a pause
    │   └── OverloadedError
    ├── UnavailableError         nothing written; retry when the store is back
    ├── IndeterminateError       perhaps written; retry with the same id
    └── StoreError               the store cannot be used as it is; mend it

Each error says what happened, what to do, in `written` whether the write happened,
and in `reason` what it is in a word. Translation from a store's own errors is done once, in
`footfall.counters.port`; from these to HTTP statuses once, in
`footfall.web.problems`; to exit statuses once, in `footfall.cli`.
"""

import re
from typing import ClassVar, Literal

Written = Literal["no", "unknown"]


class FootfallError(Exception):
    """What every error of Footfall is."""

    written: ClassVar[Written] = "no"

    @property
    def reason(self) -> str:
        """What it is, as whoever counts errors names it: "site_not_found"."""
        words = re.findall("[A-Z][a-z]*", type(self).__name__.removesuffix("Error"))
        return "_".join(words).lower()


class InvalidInputError(FootfallError):
    """What was asked for is not valid; correct the field and ask again."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


class NotFoundError(FootfallError):
    """What was named is not in the store; create it first."""


class SiteNotFoundError(NotFoundError):
    """No site that was added holds this address."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"{url!r} is not on a site that was added;"
            f" run `footfall sites add URL` with the site's address"
        )
        self.url = url


class CounterNotFoundError(NotFoundError):
    """The counter's item, or its attribute, does not exist."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no counter at {name}; create it with a starting number first"
        )
        self.name = name


class TableNotFoundError(NotFoundError):
    """The store lacks a table."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"the store has no table {table!r}; run `footfall tables create`"
        )
        self.table = table


class AlreadyExistsError(FootfallError):
    """What was to be created is there already, and was left as it is."""

    def __init__(self, what: str, remedy: str = "") -> None:
        then = f"; {remedy}" if remedy else ""
        super().__init__(f"{what} exists already and was left as it is{then}")
        self.what = what


class NotANumberError(FootfallError):
    """A counter's attribute holds something else than a number."""

    def __init__(self, name: str, attribute: str, remedy: str) -> None:
        super().__init__(
            f"the attribute {attribute!r} of {name} is not a number; {remedy}"
        )
        self.name, self.attribute, self.remedy = name, attribute, remedy


class IdReusedError(FootfallError):
    """An id that made one request idempotent came with another request."""

    def __init__(self, id: str, earlier: str) -> None:
        super().__init__(
            f"id {id!r} was used before for {earlier}; use a new id for a new request"
        )
        self.id, self.earlier = id, earlier


class ThrottledError(FootfallError):
    """The store refused for load; nothing was written. Retry after a pause."""

    _cause: ClassVar[str] = "the store is throttling"

    def __init__(self, operation: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(
            f"{operation}: {self._cause} and nothing was written;"
            f" retry after {retry_after_seconds:g} s"
        )
        self.operation, self.retry_after_seconds = operation, retry_after_seconds


class OverloadedError(ThrottledError):
    """As many visits wait in this process as may; nothing was written."""

    _cause = "as many visits wait as may,"


class UnavailableError(FootfallError):
    """The store cannot be reached; nothing was written. Retry later."""

    def __init__(
        self, operation: str, cause: str, retry_after_seconds: float = 1.0
    ) -> None:
        super().__init__(
            f"{operation}: the store is not available ({cause}) and nothing was"
            f" written; retry after {retry_after_seconds:g} s"
        )
        self.operation, self.cause = operation, cause
        self.retry_after_seconds = retry_after_seconds


class IndeterminateError(FootfallError):
    """The write may have happened; retry it with the same id."""

    written: ClassVar[Written] = "unknown"

    def __init__(self, operation: str, cause: str, id: str | None = None) -> None:
        advice = (
            f"retry with id {id!r}" if id is not None else "read before writing again"
        )
        super().__init__(f"{operation}: outcome unknown ({cause}); {advice}")
        self.operation, self.cause, self.id = operation, cause, id


class StoreError(FootfallError):
    """The store cannot be used as it is: its message says what to mend."""
