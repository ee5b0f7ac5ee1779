"""The beacon in a real browser, counted by a function as Lambda runs it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from footfall.connect import create_tables
from footfall.counters.port import Store
from footfall.counters.tables import Tables
from footfall.visits.report import total
from footfall.visits.sites import add_site, load_sites
from tests.browser.blog import Blog
from tests.lambda_gateway import Gateway
from tests.lambda_runtime import HANDLER, LocalFunction
from tests.leftovers import delete_tables

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guides" / "cloud-resume.md"
SNIPPET = re.compile(
    r"^ +<p><span id=\"visits\">.*?</script>$", re.MULTILINE | re.DOTALL
)
PREFIX = "browser-lambda-"


@pytest.fixture
def store(blog: Blog, dynamodb_local_endpoint: str) -> Iterator[Store]:
    """Footfall's tables on DynamoDB Local, with the blog."""
    client = boto3.client("dynamodb", endpoint_url=dynamodb_local_endpoint)
    store = Store(client, Tables(PREFIX))
    create_tables(store)
    add_site(store, blog.url)
    yield store
    delete_tables(client, store.tables)
    client.close()


def function(
    endpoint: str, log: Path, handler: str = HANDLER, **environment: str
) -> LocalFunction:
    return LocalFunction(
        log=log,
        environment={"AWS_ENDPOINT_URL_DYNAMODB": endpoint, **environment},
        handler=handler,
    )


@pytest.fixture
def gateway(
    store: Store, dynamodb_local_endpoint: str, tmp_path: Path
) -> Iterator[Gateway]:
    log = tmp_path / "function.log"
    with (
        function(dynamodb_local_endpoint, log, FOOTFALL_TABLE_PREFIX=PREFIX) as service,
        Gateway(service) as gateway,
    ):
        yield gateway


def test_a_page_counts_by_a_function_and_shows_the_number(
    blog: Blog, store: Store, gateway: Gateway, page: "Page", errors: list[str]
) -> None:
    """Script, visit and number come from the function, to a page of another origin."""
    from playwright.sync_api import expect

    blog.snippet = (
        f'<img src="{gateway.url}/badge.svg?site={blog.url}">'
        f'<script async src="{gateway.url}/beacon.js"></script>'
    )
    page.goto(blog.url)
    shown = page.locator("[data-footfall-count]").first
    expect(shown).to_have_text("1")
    page.goto(blog.url + "/about")
    expect(shown).to_have_text("2")

    assert page.evaluate("document.images[0].naturalWidth") > 0
    assert errors == []
    assert total(store, load_sites(store).named(blog.url)) == 2


@pytest.fixture
def counter(
    blog: Blog, dynamodb_local_endpoint: str, tmp_path: Path
) -> Iterator[Gateway]:
    """The guide's function, on tables under the names that it takes."""
    client = boto3.client("dynamodb", endpoint_url=dynamodb_local_endpoint)
    store = Store(client)
    create_tables(store)
    add_site(store, blog.url)
    site = load_sites(store).sites[0].url
    log, examples = tmp_path / "counter.log", str(ROOT / "examples")
    with (
        function(
            dynamodb_local_endpoint,
            log,
            "lambda_counter.handler",
            SITE=site,
            PYTHONPATH=examples,
        ) as example,
        Gateway(example) as gateway,
    ):
        yield gateway
    delete_tables(client, store.tables)
    client.close()


def test_the_guides_snippet_counts_a_tab_once(
    blog: Blog, counter: Gateway, page: "Page", errors: list[str]
) -> None:
    """As it stands in the Cloud Resume guide: a refresh is the same visit."""
    from playwright.sync_api import expect

    found = SNIPPET.search(GUIDE.read_text())
    assert found
    blog.snippet = re.sub(r"https://[^\"]+", f"{counter.url}/", found[0])
    page.goto(blog.url)
    expect(page.locator("#visits")).to_have_text("1")
    page.reload()
    expect(page.locator("#visits")).to_have_text("1")
    page.evaluate("sessionStorage.clear()")
    page.reload()

    expect(page.locator("#visits")).to_have_text("2")
    assert errors == []
