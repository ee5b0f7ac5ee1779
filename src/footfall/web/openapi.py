"""The API's description, OpenAPI 3.1, made of `operations`; and a page to read it.

The page is rendered by the server like every other. The viewers in use (Swagger UI,
Redoc, Scalar) are 0.5 to 3 MB of script each, and need inline styles or more, which our
policy forbids (docs/decisions/0014).
"""

from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall.web.answers import ANY_ORIGIN, json_answer
from footfall.web.operations import JSON, OPERATIONS, TEXT, Operation, Parameter
from footfall.web.problems import ProblemAnswer
from footfall.web.proofs import SESSION_COOKIE
from footfall.web.rendering import Renderer
from footfall.web.sites import SiteAnswer, SitesAnswer

PROBLEM = "application/problem+json"
# What any request can be answered: it is not valid, comes too slowly, is too long, too
# many came, or the store is away.
EVERYWHERE = (400, 408, 414, 429, 431, 503)
_REF = "#/components/schemas/{name}"
_SAYS = {
    304: "It has not changed.",
    400: "Something is not valid; `field` names it.",
    401: "A password is set, and nobody said who asks, or a token is none.",
    403: "Whoever asks may not.",
    404: "It is not there.",
    408: "The request did not come to its end in time.",
    409: "It exists already, was used for another request, or is no number.",
    413: "The body is too large.",
    414: "The URL is too long.",
    415: "The body is not said to be JSON.",
    429: "Too many requests; Retry-After says when to come again.",
    431: "The head is too large.",
    503: "The store is away or throttles; Retry-After says when to come again.",
}
_ABOUT = """\
Counts visits to websites, each exactly once, with DynamoDB atomic counters.

Every error is a problem document, and says in `written` whether the write happened: `no`,
or `unknown`, and then the same request with the same id finds out. Any number of retries
with one id counts once, for 24 hours.

While no password is set, the server's own machine may do everything without a token."""


class Description:
    """The routes of the document and of the page."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def json(self, _: Request) -> Response:
        """The document."""
        return json_answer(document(), headers=ANY_ORIGIN)

    async def page(self, _: Request) -> Response:
        """The document, to be read."""
        whole = document()
        groups: dict[str, list[dict[str, Any]]] = {}
        for operation in OPERATIONS:
            groups.setdefault(operation.group, []).append(
                _shown(operation, whole["components"]["schemas"])
            )
        return self._renderer.page(
            "docs.html",
            groups=groups,
            problem=_fields(ProblemAnswer, whole["components"]["schemas"]),
            about=_ABOUT.split("\n\n"),
            says=_SAYS,
            everywhere=EVERYWHERE,
        )


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    _, schemas = msgspec.json.schema_components(_types(), ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        item = paths.setdefault(operation.path, {})
        item[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Footfall",
            "version": version("footfall"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made by `footfall token create`.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SESSION_COOKIE,
                    "description": "Given by /login; `__Host-` before it over https.",
                },
            },
        },
    }


def _types() -> list[Any]:
    found: list[Any] = [ProblemAnswer]
    for operation in OPERATIONS:
        found += [each for each in (operation.answer, operation.body) if each]
    return found


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.says,
        "tags": [operation.group],
        "parameters": [_parameter(each) for each in operation.parameters],
        "responses": _responses(operation),
        "security": _security(operation),
    }
    if operation.access not in {"anybody", "published"}:
        described["description"] = f"Takes the scope `{operation.access}`."
    if operation.access == "published":
        described["description"] = (
            "Takes the scope `read`; of a site whose page is public, nothing."
        )
    if operation.body is not None:
        schema = _schema(operation.body)
        # Plain text is what a page may send to another origin without a preflight.
        described["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": schema}, TEXT: {"schema": schema}},
        }
    return described


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.says,
        "schema": parameter.schema,
    }


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    known: list[dict[str, list[str]]] = [{"token": []}, {"session": []}]
    match operation.access:
        case "anybody":
            return []
        case "published":
            return [{}, *known]
    return known


def _responses(operation: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done."}
    if operation.status != 204:
        schema = _schema(operation.answer) if operation.answer else {"type": "string"}
        success["content"] = {
            media: {"schema": schema if media == JSON else {"type": "string"}}
            for media in operation.media
        }
    responses = {str(operation.status): success}
    for status in _errors_of(operation):
        responses[str(status)] = _error(operation, status)
    return responses


def _errors_of(operation: Operation) -> list[int]:
    owned = () if operation.access == "anybody" else (401, 403)
    return sorted({*operation.errors, *EVERYWHERE, *owned})


def _error(operation: Operation, status: int) -> dict[str, Any]:
    error: dict[str, Any] = {"description": _SAYS[status]}
    if status == 304:
        return error
    error["content"] = {
        PROBLEM: {"schema": _schema(ProblemAnswer)},
        **{media: {"schema": {"type": "string"}} for media in operation.error_media},
    }
    if status in {429, 503}:
        error["headers"] = {
            "Retry-After": {
                "description": "In how many seconds to come again.",
                "schema": {"type": "integer", "minimum": 0},
            }
        }
    return error


def _schema(type_: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([type_], ref_template=_REF)
    return schema


def _shown(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    """What the page says of an operation."""
    return {
        "operation": operation,
        "body": _fields(operation.body, schemas),
        "answer": _fields(operation.answer, schemas),
        "nested": _fields(SiteAnswer, schemas)
        if operation.answer is SitesAnswer
        else [],
        "errors": [
            status for status in _errors_of(operation) if status not in EVERYWHERE
        ],
    }


def _fields(type_: Any, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a struct: their names, types, and whether they must be there."""
    name = getattr(type_, "__name__", "")
    schema = schemas.get(name, {})
    required = schema.get("required", [])
    return [
        {"name": field, "type": _type_name(told), "required": field in required}
        for field, told in schema.get("properties", {}).items()
    ]


def _type_name(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(map(_type_name, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(map(_written, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_type_name(schema.get('items', {}))}"
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    return str(schema.get("format") or schema.get("type") or "anything")


def _written(value: object) -> str:
    """A constant as JSON writes it."""
    return msgspec.json.encode(value).decode()
