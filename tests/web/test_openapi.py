"""The API's description: it is whole, and true: a fuzzer finds no answer outside it."""

import json
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.applications import Starlette
from starlette.routing import Route

from footfall.counters.named import create_countdown, create_counter
from footfall.counters.port import Store
from footfall.owners.tokens import ADMINISTER, create_token
from footfall.visits.sites import add_site, change_site
from footfall.web.app import create_app
from footfall.web.exchange import COUNTING_PATHS
from footfall.web.openapi import document
from footfall.web.operations import OPERATIONS, PAGES
from footfall.web.settings import Settings
from tests.web.conftest import SITE, WebServer, wait_until

CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
EXAMPLES = 10  # an operation


def routes(app: Starlette) -> set[tuple[str, str]]:
    """Every path and method that is registered, but for what HTTP gives by itself."""
    return {
        (route.path, method)
        for route in app.routes
        if isinstance(route, Route) and route.path not in PAGES
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_is_described_and_no_other(store: Store) -> None:
    """A route that is added without a description fails here, and says which."""
    app = create_app(store, Settings())
    described = {(operation.path, operation.method) for operation in OPERATIONS}

    assert described == routes(app._rest) | {
        ("/v1/visits", "POST"),
        ("/v1/pixel.gif", "GET"),
    }
    assert {path for path, _ in described} >= COUNTING_PATHS


def test_the_document_is_served_to_every_origin(web: WebServer) -> None:
    """A viewer of another origin may read it."""
    answer = web.ask("GET", "/openapi.json", Host="stats.example")

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json() == json.loads(json.dumps(document()))
    assert answer.json()["openapi"] == "3.1.0"


def test_names_of_operations_are_each_given_once() -> None:
    """Clients are made of them."""
    names = [operation.id for operation in OPERATIONS]

    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere() -> None:
    """A schema that is named is there."""
    text = json.dumps(document())
    schemas = document()["components"]["schemas"]
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}

    assert named == schemas.keys()


def test_the_page_names_every_operation_and_field(web: WebServer) -> None:
    """Read without a script."""
    page = web.ask("GET", "/docs").body.decode()

    for operation in OPERATIONS:
        assert f'id="{operation.id}"' in page
        for parameter in operation.parameters:
            assert f"<code>{parameter.name}</code>" in page
    for schema in document()["components"]["schemas"].values():
        for name in schema.get("properties", {}):
            assert f"<code>{name}</code>" in page


@pytest.fixture(scope="module")
def server() -> Iterator[WebServer]:
    """A server with a site, a public one, a counter, a count-down and a token."""
    from footfall.connect import connect  # the store of a module, not of a test

    client: Any = connect(":memory:")
    store = Store(client)
    add_site(store, SITE)
    change_site(store, add_site(store, "https://public.example/"), published=True)
    create_counter(store, "orders", 0)
    create_countdown(store, "first-100", 100)
    server = WebServer(store, Settings(public_claims=True))
    yield server
    server.stop()
    client.close()


@pytest.fixture(scope="module")
def headers(server: WebServer) -> dict[str, dict[str, str]]:
    """What a stranger, this machine, and a token of every scope send."""
    secret, _ = create_token(server.store, {ADMINISTER}, 0)
    token = {"Authorization": f"Bearer {secret}"}
    wait_until(lambda: server.ask("GET", "/v1/sites", **token).status == 200)
    return {"stranger": {"Host": "stats.example"}, "machine": {}, "token": token}


api = schemathesis.openapi.from_dict(dict(document()))
# Every boundary of every field in turn takes minutes; drawn ones find the same.
api.config.phases.coverage.enabled = False


@pytest.mark.parametrize("who", ["stranger", "token"])
@api.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_no_answer_is_outside_the_document(
    case: Any,
    server: WebServer,
    headers: dict[str, dict[str, str]],
    who: str,
) -> None:
    """Whatever is asked, and whoever asks: no 500, and what the document says."""
    case.call_and_validate(
        base_url=server.url, headers=headers[who], checks=CHECKS, timeout=30
    )
