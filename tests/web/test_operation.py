"""/healthz, /readyz and /metrics: what whoever operates a server sees of it."""

import re
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from footfall.counters.port import Store
from footfall.visits.group import GroupCommit
from footfall.web.settings import Settings
from tests.faulty import CONFLICT, Fault, FaultyClient, lost_before, refused
from tests.web.conftest import SITE, WebServer, wait_until

MONITOR = Path(__file__).parents[2] / "docs" / "guides" / "monitor.md"
AWAY = "the store is not available (ReadTimeoutError)"
ROBOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"

Samples = dict[tuple[str, str], float]


def samples(web: WebServer) -> Samples:
    """(name, label's value) -> the number; "" where there is no label."""
    families = text_string_to_metric_families(web.ask("GET", "/metrics").body.decode())
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in families
        for sample in family.samples
    }


def moved(before: Samples, after: Samples) -> Samples:
    """What has grown of the visits' numbers."""
    return {
        key: number - before.get(key, 0)
        for key, number in after.items()
        if key[0].startswith("footfall_visits") and number != before.get(key, 0)
    }


class Switch:
    """A fault that comes while it is on."""

    def __init__(self, fault: Fault) -> None:
        self.on = False
        self._fault = fault

    def __call__(self, call: Callable[[], Any]) -> Any:
        return self._fault(call) if self.on else call()


@pytest.fixture
def client(store: Store) -> FaultyClient:
    return FaultyClient(store.client)


@pytest.fixture
def faulty(client: FaultyClient, store: Store) -> Any:
    """A server on a store that can fail."""
    server = WebServer(Store(client, store.tables), Settings())
    yield server
    server.stop()


def test_every_answer_is_counted(web: WebServer) -> None:
    """Counted, duplicate, filtered and refused, by its reason; each once."""
    begun = samples(web)
    web.visit("v1")
    web.visit("v1")
    web.visit("old", age=86_400_001)
    web.ask("POST", "/v1/visits", {"id": "r", "url": SITE}, User_Agent=ROBOT)
    web.visit("v2", "https://nobody.example/")
    web.visit("v2", age=-1)
    web.visit("v" * 65)
    web.ask("POST", "/v1/visits", b"{")
    web.ask("POST", "/v1/visits", b"x" * 10_000)
    web.ask("POST", "/v1/visits", b"{}", Content_Type="text/html")
    web.ask("PUT", "/v1/visits")
    web.ask("GET", f"/v1/pixel.gif?url={SITE}&id=p")
    web.ask("GET", "/v1/pixel.gif?url=nourl")

    assert moved(begun, samples(web)) == {
        ("footfall_visits_total", "counted"): 2,
        ("footfall_visits_total", "duplicate"): 1,
        ("footfall_visits_filtered_total", "stale"): 1,
        ("footfall_visits_filtered_total", "robot"): 1,
        ("footfall_visits_refused_total", "site_not_found"): 1,
        ("footfall_visits_refused_total", "invalid_input"): 4,
        ("footfall_visits_refused_total", "too_large"): 1,
        ("footfall_visits_refused_total", "not_json"): 1,
        ("footfall_visits_refused_total", "method_not_allowed"): 1,
    }


def test_what_a_group_met_is_counted(web: WebServer) -> None:
    """A site whose number is none; groups and how long they took."""
    web.store.client.put_item(
        TableName="siteVisits", Item={"siteUrl": {"S": SITE}, "visits": {"S": "0"}}
    )
    begun = samples(web)
    web.visit("v1")
    web.visit("v1", "https://b.example/")
    wait_until(lambda: samples(web)["footfall_group_visits_count", ""] == 2)
    after = samples(web)

    assert moved(begun, after) == {
        ("footfall_visits_total", "counted"): 1,
        ("footfall_visits_refused_total", "not_a_number"): 1,
    }
    assert after["footfall_group_visits_sum", ""] == 2
    assert after["footfall_group_visits_bucket", "1.0"] == 2
    assert after["footfall_commit_seconds_count", ""] == 2
    assert after["footfall_commit_seconds_sum", ""] > 0
    assert after["footfall_queue_visits", ""] == 0
    assert after["process_resident_memory_bytes", ""] > 0


def test_what_the_store_did_not_apply_is_counted(
    faulty: WebServer, client: FaultyClient
) -> None:
    """A retry mended it, and a duplicate is no error."""
    client.plan(
        "transact_write_items",
        [refused("ThrottlingException"), lost_before, CONFLICT],
    )
    outcomes = [faulty.visit(id).json()["outcome"] for id in ("a", "b", "a")]
    numbers = samples(faulty)

    assert outcomes == ["counted", "counted", "duplicate"]
    assert numbers["footfall_conflicts_total", ""] == 1
    errors = {
        code: number
        for (name, code), number in numbers.items()
        if name == "footfall_store_errors_total"
    }
    assert errors == {"ThrottlingException": 1, "ReadTimeoutError": 1}
    assert numbers["footfall_store_up", ""] == 1


def test_a_fault_of_ours_is_counted(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows what became of such a group."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("footfall.visits.record.Recorder._groups", fail)
        web.visit("v")

    assert samples(web)["footfall_visits_refused_total", "indeterminate"] == 1


def test_past_a_full_queue_visits_are_refused_at_once(
    store: Store, client: FaultyClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 and when to come again, before memory grows; what waits is counted."""
    monkeypatch.setattr(
        "footfall.web.app.GroupCommit", partial(GroupCommit, queue_max=3)
    )
    held = threading.Event()

    def hold(call: Callable[[], Any]) -> Any:
        held.wait(30)
        return call()

    web = WebServer(Store(client, store.tables), Settings())
    client.plan("transact_write_items", [hold])
    outcomes: list[str] = []
    waiting = [
        threading.Thread(
            target=lambda id: outcomes.append(web.visit(id).json()["outcome"]),
            args=(f"v{number}",),
        )
        for number in range(3)
    ]
    for thread in waiting:
        thread.start()
    wait_until(lambda: samples(web)["footfall_queue_visits", ""] == 3)
    refusal = web.visit("v3")
    full = samples(web)
    held.set()
    for thread in waiting:
        thread.join()
    again = web.visit("v3")
    web.stop()

    assert refusal.status == 503
    assert refusal.headers["retry-after"] == "1"
    assert refusal.headers["access-control-allow-origin"] == "*"
    assert refusal.json()["written"] == "no"
    assert full["footfall_visits_refused_total", "overloaded"] == 1
    assert full["footfall_queue_visits_max", ""] == 3
    assert outcomes == ["counted"] * 3
    assert again.json() == {"outcome": "counted", "site": SITE, "visits": 4}


def test_a_visit_to_an_unknown_site_does_not_wait_for_a_store_that_hangs(
    faulty: WebServer, client: FaultyClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is answered that nobody knows, not that there is no such site."""
    monkeypatch.setattr("footfall.web.directory.SILENT_SECONDS_MAX", 0.5)
    answers = threading.Event()

    def hang(call: Callable[[], Any]) -> Any:
        answers.wait(30)
        return call()

    faulty.visit("known")
    time.sleep(1)  # the last look is a moment ago
    for name in ("query", "scan"):
        client.plan(name, [hang])
    refused = [faulty.visit("v", "https://new.example/") for _ in range(2)]
    answers.set()
    time.sleep(1)
    unknown = faulty.visit("v", "https://new.example/")

    assert [each.status for each in refused] == [503, 503]
    assert {each.json()["written"] for each in refused} == {"no"}
    assert unknown.status == 404


def test_metrics_are_the_owners(web: WebServer) -> None:
    """What a site is visited is nobody else's business."""
    assert web.ask("GET", "/metrics", X_Forwarded_For="1.2.3.4").status == 403
    assert web.ask("GET", "/metrics", Host="stats.example").status == 403
    assert web.ask("POST", "/metrics").status == 405


def test_metrics_come_in_the_format_that_is_asked_for(web: WebServer) -> None:
    """Prometheus asks for OpenMetrics."""
    plain = web.ask("GET", "/metrics")
    open_metrics = web.ask("GET", "/metrics", Accept="application/openmetrics-text")

    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert plain.headers["cache-control"] == "no-store"
    assert open_metrics.body.endswith(b"# EOF\n")


def test_every_metric_is_documented(web: WebServer) -> None:
    """The guide's table names each with its labels, and no other."""
    table = {
        name
        for line in MONITOR.read_text().splitlines()
        if line.startswith("| `footfall_")
        for name in re.findall(r"^\| `(footfall_\w+)", line)
    }
    families = text_string_to_metric_families(web.ask("GET", "/metrics").body.decode())
    told = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in families
        if family.name.startswith("footfall_")
    }

    assert table == told


def test_every_value_of_a_label_is_documented(web: WebServer) -> None:
    """Those that are there from the start, and the refusals of HTTP itself."""
    text = MONITOR.read_text()
    values = {value for (name, value) in samples(web) if name.endswith("_total")}

    assert {value for value in values - {""} if f"`{value}`" not in text} == set()
    assert "`too_large`" in text


def test_an_alert_names_metrics_that_are_there(web: WebServer) -> None:
    """An alert on a name that nobody tells never fires."""
    _, _, rules = MONITOR.read_text().partition("```yaml")
    named = set(re.findall(r"\bfootfall_\w+", rules.partition("```")[0]))

    assert len(named) > 3
    assert named <= {name for name, _ in samples(web)}


def test_a_server_is_alive_and_ready(web: WebServer) -> None:
    """Both say how the store is."""
    assert web.ask("GET", "/healthz").json() == {"status": "ok", "store": "ok"}
    assert web.ask("GET", "/readyz").json() == {"status": "ready"}


def test_a_store_that_cannot_be_read_makes_a_server_unready(
    faulty: WebServer, client: FaultyClient
) -> None:
    """It is alive all the same, and ready again as soon as the store answers."""
    away = Switch(lost_before)
    client.plan("get_item", [away] * 1_000)
    assert faulty.ask("GET", "/readyz").status == 200

    away.on = True
    wait_until(lambda: faulty.ask("GET", "/readyz").status == 503)
    alive, unready = faulty.ask("GET", "/healthz"), faulty.ask("GET", "/readyz")
    up = samples(faulty)["footfall_store_up", ""]
    away.on = False
    wait_until(lambda: faulty.ask("GET", "/readyz").status == 200)

    assert (alive.status, alive.json()["store"]) == (200, "failing")
    assert AWAY in alive.json()["detail"]
    assert AWAY in unready.json()["detail"]
    assert unready.headers["retry-after"] == "1"
    assert unready.headers["content-type"] == "application/problem+json"
    assert up == 0
    assert samples(faulty)["footfall_store_up", ""] == 1


def test_a_store_that_takes_no_visits_makes_a_server_unready(
    faulty: WebServer, client: FaultyClient
) -> None:
    """It may be read, and still: until it takes a write, though no visit comes."""
    denied = Switch(refused("AccessDeniedException"))
    client.plan("transact_write_items", [denied] * 1_000)
    client.plan("put_item", [denied] * 1_000)
    faulty.visit("a")
    assert faulty.ask("GET", "/readyz").status == 200

    denied.on = True
    assert faulty.visit("b").status == 503
    unready = faulty.ask("GET", "/readyz")
    elsewhere = faulty.ask("GET", "/readyz", X_Forwarded_For="1.2.3.4")
    alive = faulty.ask("GET", "/healthz", Host="10.0.0.7")
    tried = len(client.requests)
    wait_until(lambda: "put_item" in [name for name, _ in client.requests[tried:]])
    still = faulty.ask("GET", "/readyz")
    denied.on = False
    wait_until(lambda: faulty.ask("GET", "/readyz").status == 200)

    assert (unready.status, still.status) == (503, 503)
    assert "AccessDeniedException" in unready.json()["detail"]
    assert (elsewhere.status, alive.json()["store"]) == (503, "failing")
    # The store's words may name an account: the owner's alone, here and in the log.
    assert b"AccessDenied" not in elsewhere.body + alive.body
    assert faulty.visit("b").json()["outcome"] == "counted"


def test_a_group_that_is_counted_ends_an_alarm(
    faulty: WebServer, client: FaultyClient
) -> None:
    """Before any probe."""
    faulty.visit("first")  # makes the day's salt
    client.plan("transact_write_items", [refused("AccessDeniedException")])
    client.plan("put_item", [refused("AccessDeniedException")] * 1_000)

    failed, unready = faulty.visit("a"), faulty.ask("GET", "/readyz")
    counted, ready = faulty.visit("a"), faulty.ask("GET", "/readyz")

    assert (failed.status, unready.status) == (503, 503)
    assert (counted.status, ready.status) == (200, 200)


def test_one_bad_site_does_not_make_a_server_unready(web: WebServer) -> None:
    """The store answered, and the others count."""
    web.store.client.put_item(
        TableName="siteVisits", Item={"siteUrl": {"S": SITE}, "visits": {"S": "0"}}
    )

    assert web.visit("v").status == 409
    assert web.ask("GET", "/readyz").status == 200


def test_a_store_that_is_silent_makes_a_server_unready(
    faulty: WebServer, client: FaultyClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without waiting for it: whoever asks has little patience."""
    monkeypatch.setattr("footfall.web.directory.SILENT_SECONDS_MAX", 1.0)
    answers = threading.Event()

    def silent(call: Callable[[], Any]) -> Any:
        answers.wait(30)
        return call()

    # One for each of the two that look now and then: for sites, and for who may.
    client.plan("get_item", [silent] * 2)
    wait_until(lambda: faulty.ask("GET", "/readyz").status == 503)
    unready = faulty.ask("GET", "/readyz")
    answers.set()
    wait_until(lambda: faulty.ask("GET", "/readyz").status == 200)

    assert "the store has not answered for" in unready.json()["detail"]
