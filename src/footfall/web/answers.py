"""What the Starlette routes answer with, and the one place their errors are caught."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.errors import FootfallError, InvalidInputError
from footfall.web.problems import HttpError, problem_of

Endpoint = Callable[[Request], Awaitable[Response]]
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

NO_STORE = {"cache-control": "no-store"}
ANY_ORIGIN = {"access-control-allow-origin": "*"}


def json_answer(
    value: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A value as JSON, never cached unless the headers say so."""
    return Response(
        msgspec.json.encode(value),
        status,
        {**NO_STORE, **(headers or {})},
        "application/json",
    )


def problem_answer(error: FootfallError) -> Response:
    """An error as its problem document."""
    problem = problem_of(error)
    headers = {name.decode(): value.decode() for name, value in problem.headers}
    return Response(problem.body, problem.status, {**NO_STORE, **headers})


async def on_error(_: Request, error: Exception) -> Response:
    """Starlette's handler of the errors that a route raises."""
    assert isinstance(error, FootfallError), "it is registered for these"
    return problem_answer(error)


async def on_missing(request: Request, _: Exception) -> Response:
    """No route has this path."""
    path = request.url.path
    return problem_answer(HttpError(404, "Not found", f"there is no {path!r} here"))


async def on_wrong_method(request: Request, _: Exception) -> Response:
    """A route has this path, and not this method."""
    # Starlette tells the methods of the first route that has the path.
    methods = {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.path_regex.match(request.url.path)
        for method in route.methods or ()
    }
    allowed = ", ".join(sorted(methods))
    return problem_answer(
        HttpError(
            405,
            "Method not allowed",
            f"{request.method} is none of {allowed}",
            allow=allowed,
        )
    )


async def in_thread(
    call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Run what blocks on the store beside the event loop."""
    return await asyncio.to_thread(call, *args, **kwargs)


def query_of(request: Request, *known: str) -> dict[str, str]:
    """The query's parameters, each at most once and all of them known.

    Raises:
        InvalidInputError: One is unknown or comes twice.
    """
    query: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise InvalidInputError(name, f"is no parameter: use {', '.join(known)}")
        if name in query:
            raise InvalidInputError(name, "may come once")
        query[name] = value
    return query
