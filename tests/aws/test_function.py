"""The function as Lambda runs it: AWS's runtime client, boto3, DynamoDB Local."""

import base64
import json
from typing import Any

import pytest

from footfall.aws_lambda import DESTROY_SALTS
from footfall.counters.port import Store
from footfall.owners.password import set_password
from footfall.visits.baseline import read_baseline
from footfall.visits.sites import add_site, change_site, load_sites, remove_site
from footfall.visits.verify import verify
from tests.aws.conftest import SITE, StartFunction
from tests.lambda_runtime import InvocationError, LocalFunction, event, visit
from tests.proxy.faults import Faults
from tests.proxy.refusals import Refusal
from tests.proxy.server import Proxy

EXPIRED = Refusal("ExpiredTokenException", "The security token is expired")
NOW_MS = 2_000_000_000_000


@pytest.fixture
def function(
    store: Store, dynamodb_local_endpoint: str, start_function: StartFunction
) -> LocalFunction:
    return start_function(dynamodb_local_endpoint)


def said(answer: Any) -> Any:
    return json.loads(answer["body"])


def test_a_visit_counts_once(function: LocalFunction) -> None:
    """The beacon's own request, and its retry."""
    first = function.invoke(visit("v1", SITE + "about"))
    again = function.invoke(visit("v1", SITE + "about"))

    assert said(first) == {"outcome": "counted", "site": SITE, "visits": 1}
    assert said(again) == {"outcome": "duplicate", "site": SITE, "visits": 1}
    assert first["statusCode"] == 200
    assert first["headers"]["access-control-allow-origin"] == "*"
    assert not first["isBase64Encoded"]


def test_the_answers_are_the_servers(function: LocalFunction) -> None:
    """Refusals too, which the page's script must be able to read."""
    nobodys = function.invoke(visit("v1", "https://nobody.example/"))
    not_valid = function.invoke(visit("", SITE))
    too_large = function.invoke(visit("v1", SITE, referrer="x" * 9_000))
    get = function.invoke(event("GET", "/v1/visits"))
    hidden = function.invoke(visit("v1", "https://private.example/"))
    stale = function.invoke(visit("v2", SITE, age=90_000_000))

    refused = [nobodys, not_valid, too_large, get]
    assert [each["statusCode"] for each in refused] == [404, 400, 413, 405]
    assert {each["headers"]["access-control-allow-origin"] for each in refused} == {"*"}
    assert {said(each)["written"] for each in refused} == {"no"}
    assert said(hidden) == {"outcome": "counted", "site": "https://private.example/"}
    assert said(stale)["reason"] == "stale"


def test_a_preflight_is_answered(function: LocalFunction) -> None:
    """A Function URL without CORS settings of its own passes it on."""
    answer = function.invoke(event("OPTIONS", "/v1/visits"))

    assert answer["statusCode"] == 204
    assert answer["headers"]["access-control-allow-methods"] == "GET, POST, OPTIONS"


def test_a_pixel_is_an_image(function: LocalFunction) -> None:
    """No text, so it goes as base64."""
    target = f"/v1/pixel.gif?id=v1&url={SITE}"
    first, again = (function.invoke(event("GET", target)) for _ in range(2))
    own = function.invoke(
        event("GET", "/v1/pixel.gif", headers={"referer": SITE + "x"})
    )
    refused = function.invoke(event("GET", "/v1/pixel.gif?url=nowhere"))

    assert base64.b64decode(first["body"]).startswith(b"GIF89a")
    assert first["isBase64Encoded"]
    outcomes = [each["headers"]["footfall-outcome"] for each in (first, again, own)]
    assert outcomes == ["counted", "duplicate", "counted"]
    assert refused["statusCode"] == 400


def test_totals_alone_are_counted_unless_told(
    store: Store, function: LocalFunction
) -> None:
    """Each breakdown is one more item of the transaction, at two write units."""
    function.invoke(visit("v1", SITE + "about", referrer="https://news.example/"))

    rollups = store.client.scan(TableName=store.tables.visit_rollups)["Items"]
    assert [item["bucket"]["S"].partition("#")[0] for item in rollups] == ["total"]
    assert verify(store, load_sites(store).named(SITE), NOW_MS).differences == ()


def test_breakdowns_are_counted_when_told(
    store: Store, dynamodb_local_endpoint: str, start_function: StartFunction
) -> None:
    """And only those that the site has."""
    site = load_sites(store).named(SITE)
    change_site(store, site, dimensions=("page", "browser"))
    function = start_function(
        dynamodb_local_endpoint, FOOTFALL_BREAKDOWNS="page, visitor"
    )

    function.invoke(visit("v1", SITE + "about"))

    rollups = store.client.scan(TableName=store.tables.visit_rollups)["Items"]
    kinds = sorted(item["bucket"]["S"].partition("#")[0] for item in rollups)
    assert kinds == ["page", "total"]


def test_a_picture_that_counts_does_so_in_totals(
    store: Store, function: LocalFunction
) -> None:
    """It is counted by the application, which is set as the function is."""
    picture = function.invoke(event("GET", f"/hit.svg?url={SITE}about"))

    rollups = store.client.scan(TableName=store.tables.visit_rollups)["Items"]
    assert picture["headers"]["footfall-outcome"] == "counted"
    assert [item["bucket"]["S"].partition("#")[0] for item in rollups] == ["total"]


def test_a_site_that_was_removed_and_added_again_counts_anew(
    store: Store, function: LocalFunction
) -> None:
    """What the function remembers of the first is not true of the second."""
    assert said(function.invoke(visit("v1", SITE)))["visits"] == 1
    remove_site(store, load_sites(store).named(SITE))
    add_site(store, "https://other.example/")
    until_found(function, "https://other.example/")  # the function has looked
    store.client.put_item(
        TableName=store.tables.site_visits,
        Item={"siteUrl": {"S": SITE}, "visits": {"N": "10"}},
    )

    assert until_found(function, SITE) == 11
    assert read_baseline(store, SITE) == 10


def test_a_robot_is_filtered(function: LocalFunction) -> None:
    robot = visit("v1", SITE)
    robot["headers"]["user-agent"] = "Googlebot/2.1 (+http://www.google.com/bot.html)"

    assert said(function.invoke(robot))["reason"] == "robot"


def test_the_sites_are_followed(store: Store, function: LocalFunction) -> None:
    """A change reaches a function that already counts; so does one made by hand."""
    url = "https://new.example/"
    assert function.invoke(visit("v1", url))["statusCode"] == 404
    add_site(store, url)
    hand_made = "https://hand-made.example/"
    store.client.put_item(
        TableName=store.tables.site_visits,
        Item={"siteUrl": {"S": hand_made}, "visits": {"N": "10"}},
    )

    counted = [until_found(function, each) for each in (url, hand_made)]
    remove_site(store, load_sites(store).named(url))

    assert counted == [1, 11]
    assert function.invoke(visit("v3", url))["statusCode"] == 404


def until_found(function: LocalFunction, url: str) -> int:
    while (answer := function.invoke(visit("v2", url)))["statusCode"] == 404:
        pass  # the function looks once a second
    visits: int = said(answer)["visits"]
    return visits


def test_the_rest_is_the_servers_application(
    store: Store, function: LocalFunction
) -> None:
    """Badges, counters and the beacon, which follow what was counted meanwhile."""
    badge = event("GET", f"/badge.json?site={SITE}")
    before = said(function.invoke(badge))["message"]
    function.invoke(visit("v1", SITE))
    add_site(store, "https://late.example/", visits=7)

    late = function.invoke(event("GET", "/badge.json?site=late.example"))
    svg = function.invoke(event("GET", f"/badge.svg?site={SITE}", stage="prod"))
    missing = function.invoke(event("GET", "/nowhere", cookies=["a=1", "b=2"]))
    beacon = function.invoke(event("GET", "/beacon.js"))

    assert before == "0"
    assert said(function.invoke(badge))["message"] in {"0", "1"}  # a badge is cached
    assert said(late)["message"] == "7"
    assert svg["body"].startswith("<svg")
    assert missing["statusCode"] == 404
    assert "javascript" in beacon["headers"]["content-type"]


def test_the_owners_pages_are_closed(function: LocalFunction) -> None:
    """A request from AWS is a stranger's, whatever it says of itself."""
    stats = event("GET", f"/v1/stats?site={SITE}", headers={"host": "127.0.0.1"})
    del stats["headers"]["x-forwarded-for"]
    answer = function.invoke(stats)

    assert answer["statusCode"] == 403
    assert "it came from another machine" in said(answer)["detail"]


def test_the_owner_signs_in_behind_the_api(
    store: Store, function: LocalFunction
) -> None:
    """By https, so the cookie is this host's alone."""
    set_password(store, "correct horse battery staple")
    host = "abc.execute-api.us-east-1.amazonaws.com"
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "sec-fetch-site": "same-origin",
        "origin": f"https://{host}",
    }
    page = event("GET", f"/stats?site={SITE}&period=7d")
    led = function.invoke(page)
    form = b"password=correct+horse+battery+staple&next=/sites"
    answer = function.invoke(event("POST", "/login", form, headers=headers))
    cookies = [each.partition(";")[0] for each in answer["cookies"]]
    opened = function.invoke({**page, "cookies": cookies})

    assert led["statusCode"] == 303
    assert led["headers"]["location"].startswith("/login?next=%2Fstats")
    assert (answer["statusCode"], answer["headers"]["location"]) == (303, "/sites")
    assert cookies[0].startswith("__Host-footfall-session=")
    assert answer["cookies"][0].endswith("; Secure")
    assert opened["statusCode"] == 200
    assert f"https://{host}/beacon.js" in opened["body"]


def test_nothing_streams_and_the_live_page_asks_instead(
    store: Store, function: LocalFunction
) -> None:
    """A function answers once: the page is told to ask again, and polls."""
    change_site(store, load_sites(store).named(SITE), published=True)
    function.invoke(visit("v1", SITE))
    live = event(
        "GET", f"/v1/live?site={SITE}", headers={"accept": "text/event-stream"}
    )

    answer = function.invoke(live)
    asked = function.invoke(
        event("GET", f"/v1/live?site={SITE}", headers={"accept": "application/json"})
    )

    assert said(asked)["visits"] == 1
    assert answer["statusCode"] == 406
    assert "application/json" in said(answer)["detail"]


def test_a_store_that_refuses_is_said_and_comes_back(
    store: Store, dynamodb_local_endpoint: str, start_function: StartFunction
) -> None:
    """503 to the page, the reason to the owner's log, and nobody's address."""
    faults = Faults(
        only={operation: [EXPIRED] for operation in ("GetItem", "Query", "PutItem")}
        | {"TransactWriteItems": [EXPIRED]}
    )
    with Proxy(dynamodb_local_endpoint, faults=faults) as proxy:
        function = start_function(proxy.url)
        answers = [function.invoke(visit("v1", SITE)) for _ in range(4)]

    assert [each["statusCode"] for each in answers] == [503, 503, 503, 200]
    assert "retry-after" in answers[0]["headers"]
    assert said(answers[3])["visits"] == 1
    assert function.output.count("The security token is expired") == 3
    assert "203.0.113.7" not in function.output


def test_a_store_that_is_away_is_said(
    start_function: StartFunction, free_port: int
) -> None:
    """In the log as in the answer, in the form that the template asks for."""
    function = start_function(
        f"http://127.0.0.1:{free_port}",
        AWS_LAMBDA_LOG_FORMAT="JSON",
        AWS_LAMBDA_LOG_LEVEL="WARN",
    )

    answer = function.invoke(visit("v1", SITE))

    assert answer["statusCode"] == 503
    (line,) = map(json.loads, function.output.splitlines())
    assert line["level"] == "ERROR"
    assert line["message"].startswith("a visit was refused: GetItem: the store is not")


def test_an_application_that_could_not_start_is_started_again(
    store: Store, dynamodb_local_endpoint: str, start_function: StartFunction
) -> None:
    """It reads the sites when it starts."""
    faults = Faults(only={"GetItem": [EXPIRED]})
    with Proxy(dynamodb_local_endpoint, faults=faults) as proxy:
        function = start_function(proxy.url)
        badge = event("GET", f"/badge.json?site={SITE}")
        away, back = function.invoke(badge), function.invoke(badge)

    assert (away["statusCode"], back["statusCode"]) == (503, 200)


def test_the_schedule_destroys_the_salts_of_days_that_are_over(
    store: Store, function: LocalFunction
) -> None:
    """Though nobody visits any more: who came twice must not be found out later."""
    key = {"kind": {"S": "salt"}, "name": {"S": "UTC 2020-01-01"}}
    store.client.put_item(
        TableName=store.tables.settings, Item={**key, "salt": {"B": b"0" * 16}}
    )

    function.invoke(DESTROY_SALTS)

    left = store.client.get_item(TableName=store.tables.settings, Key=key)
    assert "Item" not in left


@pytest.mark.parametrize("other", [{"version": "1.0"}, {"Records": []}])
def test_another_event_is_refused(function: LocalFunction, other: Any) -> None:
    """A REST API's, or another service's: it says what to use."""
    with pytest.raises(InvocationError, match="payload format 2"):
        function.invoke(other)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"FOOTFALL_STORE": "footfall.db"}, "would be lost"),
        ({"FOOTFALL_BREAKDOWNS": "page,moon"}, "'moon' is none"),
    ],
)
def test_a_wrong_setting_is_said_at_the_start(
    start_function: StartFunction, environment: dict[str, str], message: str
) -> None:
    function = start_function("http://127.0.0.1:1", **environment)

    with pytest.raises(InvocationError, match=message):
        function.invoke(visit("v1", SITE))
