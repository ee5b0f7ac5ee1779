"""The function on AWS Lambda: a composition root, as the command line is.

    handler    footfall.aws_lambda.handler, of an HTTP API or a Function URL

A visit takes the short way (`web.single`): no event loop, no web framework, one
transaction. Anything else is the server's own application, which is imported when the
first such request comes.

    FOOTFALL_STORE         dynamodb: unless told, or dynamodb:URL
    FOOTFALL_TABLE_PREFIX  what the tables' names begin with
    FOOTFALL_BREAKDOWNS    what visits are broken down by, with commas; none unless told
    FOOTFALL_PUBLIC_CLAIMS 1 lets anybody claim from a count-down

boto3 reads region and credentials from what Lambda gives. Opening the client belongs to
the import: Lambda starts a function with more CPU than it then has.
"""

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from footfall.connect import DYNAMODB, connect
from footfall.counters.port import Store
from footfall.counters.tables import Tables
from footfall.errors import FootfallError, InvalidInputError
from footfall.visits.site import DIMENSIONS
from footfall.web.bodies import Scope
from footfall.web.exchange import COUNTING_PATHS, Reply, refusal
from footfall.web.payload import Event, body_of, event_reply, is_request, scope_of
from footfall.web.problems import HttpError
from footfall.web.proxies import Proxies
from footfall.web.readers import Readers
from footfall.web.settings import Settings
from footfall.web.single import SingleCounting

if TYPE_CHECKING:
    from footfall.web.seldom import SeldomAsked

# The template's schedule sends it: where nobody visits any more, a day's salt must go
# all the same.
DESTROY_SALTS = {"do": "destroy-salts"}

_STREAM = b"text/event-stream"

_log = logging.getLogger("footfall.lambda")


class Function:
    """What a function's process keeps between its requests.

    Args:
        environment: The settings, as at the top of this file.

    Raises:
        InvalidInputError: A setting is not valid.
        StoreError: boto3 lacks a region.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        location = environment.get("FOOTFALL_STORE") or DYNAMODB
        if not location.startswith(DYNAMODB):
            raise InvalidInputError(
                "FOOTFALL_STORE",
                f"{location!r} would be lost with this function's process; use"
                f" {DYNAMODB}",
            )
        prefix = environment.get("FOOTFALL_TABLE_PREFIX", "")
        self.store = Store(connect(location, prefix=prefix), Tables(prefix))
        breakdowns = _breakdowns(environment.get("FOOTFALL_BREAKDOWNS", ""))
        self._settings = Settings(
            public_claims=environment.get("FOOTFALL_PUBLIC_CLAIMS") == "1",
            breakdowns=breakdowns,
        )
        self._counting = SingleCounting(
            self.store, Readers(None, Proxies()), breakdowns
        )
        self._rest: SeldomAsked | None = None

    def answer(self, event: Event) -> dict[str, Any]:
        """The answer to an event of payload format 2.0, or of the hourly schedule.

        Raises:
            InvalidInputError: It is no such event.
            UnavailableError: The store is away, and some salts may be left.
        """
        if event == DESTROY_SALTS:
            self._counting.destroy_salts()
            return {}
        if not is_request(event):
            raise InvalidInputError(
                "event",
                "is no request in payload format 2.0; use an HTTP API (with"
                " PayloadFormatVersion 2.0) or a Function URL, not a REST API or a test"
                " event",
            )
        scope = scope_of(event)
        try:
            reply = self._reply(scope, body_of(event))
        except FootfallError as error:
            _log.error("%s", error)
            reply = refusal(error)
        return event_reply(reply)

    def close(self) -> None:
        """Let go of the store, and of the application's threads."""
        if self._rest is not None:
            self._rest.close()
        self.store.client.close()  # type: ignore[attr-defined]

    def _reply(self, scope: Scope, body: bytes) -> Reply:
        if scope["path"] in COUNTING_PATHS:
            return self._counting.reply(scope, body)
        if any(
            name == b"accept" and _STREAM in text for name, text in scope["headers"]
        ):
            raise HttpError(
                406,
                "Nothing streams here",
                "a function answers at once; ask again with Accept: application/json",
            )
        if self._rest is None:
            self._rest = self._application()
        return self._rest.reply(scope, body)

    def _application(self) -> "SeldomAsked":
        from footfall.web.app import create_app
        from footfall.web.seldom import SeldomAsked

        return SeldomAsked(lambda: create_app(self.store, self._settings))


def _breakdowns(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if names == ("all",):
        return DIMENSIONS
    unknown = [name for name in names if name not in DIMENSIONS]
    if unknown:
        raise InvalidInputError(
            "FOOTFALL_BREAKDOWNS",
            f"{unknown[0]!r} is none: use all, or of {', '.join(DIMENSIONS)}",
        )
    return names


_function = Function(os.environ)


def handler(event: Event, _: object) -> dict[str, Any]:
    """Answer one request; Lambda calls it with the event and its context."""
    return _function.answer(event)
