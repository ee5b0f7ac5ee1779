"""Named counters and count-downs over HTTP.

Reading one is public, since its number is there to be shown. Adding and claiming take
the scope `count`, but for claims where the owner opened them; the rest administers.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall.counters import named
from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.owners.tokens import COUNT
from footfall.web.access import check_owner, check_scope
from footfall.web.answers import (
    ANY_ORIGIN,
    in_thread,
    json_answer,
    problem_answer,
)
from footfall.web.bodies import decode, json_body
from footfall.web.limits import Limits
from footfall.web.problems import HttpError
from footfall.web.settings import Settings


class CounterAnswer(msgspec.Struct):
    """A counter's number."""

    value: int


class NewCounter(msgspec.Struct, forbid_unknown_fields=True):
    """A counter at a value; with a floor, a count-down from it."""

    value: int
    floor: int | None = None


class Addition(msgspec.Struct, forbid_unknown_fields=True):
    """An amount to add, once for each id."""

    amount: int
    id: str


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """Who claims a place."""

    id: str


_put = msgspec.json.Decoder(NewCounter)
_add = msgspec.json.Decoder(Addition)
_claim = msgspec.json.Decoder(Entry)

_READABLE = {**ANY_ORIGIN, "access-control-expose-headers": "Retry-After"}
_PREFLIGHT = {
    **ANY_ORIGIN,
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "Content-Type",
    "access-control-max-age": "86400",
}


class Counters:
    """The counter routes; `{name}` is in the path."""

    def __init__(self, store: Store, settings: Settings, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._settings = settings

    async def get(self, request: Request) -> Response:
        """The number as it stands."""
        counter = await in_thread(named.show_counter, self._store, _name(request))
        return json_answer(CounterAnswer(counter.value), headers=ANY_ORIGIN)

    async def put(self, request: Request) -> Response:
        """Create a counter, or with a floor a count-down."""
        check_owner(request)
        name, wanted = _name(request), decode(_put, await json_body(request))
        if wanted.floor is None:
            await in_thread(named.create_counter, self._store, name, wanted.value)
        else:
            await in_thread(
                named.create_countdown, self._store, name, wanted.value, wanted.floor
            )
        return json_answer(CounterAnswer(wanted.value), 201)

    async def delete(self, request: Request) -> Response:
        """Delete a counter, or a count-down with its claims."""
        check_owner(request)
        await in_thread(named.delete_counter, self._store, _name(request))
        return Response(status_code=204)

    async def add(self, request: Request) -> Response:
        """Add an amount, once for each id."""
        check_scope(request, COUNT)
        name, wanted = _name(request), decode(_add, await json_body(request))
        added = await in_thread(
            named.add_to_counter, self._store, name, wanted.amount, id=wanted.id
        )
        return json_answer(added)

    async def claim(self, request: Request) -> Response:
        """Take a place for an id; the same id again gets the same answer."""
        if not self._settings.public_claims:
            return await self._claim(request)
        try:
            answer = await self._claim(request)
        except FootfallError as error:
            answer = problem_answer(error)
        answer.headers.update(_READABLE)  # a refusal too: it says when to try again
        return answer

    async def _claim(self, request: Request) -> Response:
        try:
            check_scope(request, COUNT)
        except HttpError:
            if not self._settings.public_claims:
                raise
            self._limits.check_claim(request.scope)
        name, wanted = _name(request), decode(_claim, await json_body(request))
        claim = await in_thread(named.claim, self._store, name, id=wanted.id)
        return json_answer(claim)

    async def preflight(self, _: Request) -> Response:
        """Whether a page of another origin may claim: where claims are open."""
        if not self._settings.public_claims:
            raise HttpError(403, "The owner's alone", "claims are not open to pages")
        return Response(status_code=204, headers=_PREFLIGHT)


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    return name
