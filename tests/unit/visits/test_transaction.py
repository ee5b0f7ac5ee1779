"""The request that counts a group of visits."""

from footfall.counters.port import TRANSACTION_ACTIONS_MAX
from footfall.counters.tables import Tables
from footfall.visits.dimensions import (
    VALUE_PREFIX,
    day_at,
    total_moves,
    value_bucket,
)
from footfall.visits.site import Site
from footfall.visits.transaction import Moves, increments, split, transaction
from footfall.visits.visit import Visit, view

SITE = Site("https://a.example/")
NOON_MS = 1_795_608_000_000  # 2026-11-25T12:00:00Z
HOUR_MS = 3_600_000


def visits_to(*pages: str, apart_ms: int = 0) -> list[Visit]:
    return [
        view(f"v{number}", SITE, page, NOON_MS + number * apart_ms)
        for number, page in enumerate(pages)
    ]


def requests_for(visits: list[Visit], parts: int = 1) -> list[list[dict[str, object]]]:
    moves: list[Moves] = [
        [
            total_moves(visit),
            *(
                (
                    value_bucket(dimension, day_at("UTC", visit.at_ms), value, parts),
                    (VALUE_PREFIX + value,),
                )
                for dimension, value in visit.values
            ),
        ]
        for visit in visits
    ]
    unknown = [None] * len(visits)
    return [
        transaction(
            Tables(),
            86_400,
            visits[part],
            increments(moves[part], unknown[part])[0],
            "token",
        )["TransactItems"]
        for part in split(moves, unknown)
    ]


def test_increments_of_a_group_are_merged() -> None:
    """One action an item: DynamoDB refuses two on the same."""
    (actions,) = requests_for(visits_to("/", "/", "/b"))

    updates = [action["Update"] for action in actions if "Update" in action]
    amounts = [update["ExpressionAttributeValues"] for update in updates]  # type: ignore[index]
    names = [update.get("ExpressionAttributeNames") for update in updates]  # type: ignore[attr-defined]
    assert amounts == [
        {":visits": {"N": "3"}},
        {":0": {"N": "3"}, ":1": {"N": "3"}},
        {":0": {"N": "2"}, ":1": {"N": "1"}},
    ]
    assert names[1:] == [{"#0": "day", "#1": "12"}, {"#0": "=/", "#1": "=/b"}]


def test_a_receipt_outlives_the_window() -> None:
    """A retry within the window always finds it."""
    (actions,) = requests_for(visits_to("/"))

    assert actions[0]["Put"]["Item"] == {  # type: ignore[index]
        "receipt": {"S": "https://a.example/ v0"},
        "at": {"N": str(NOON_MS)},
        "page": {"S": "/"},
        "group": {"S": "token"},
        "expiresAt": {"N": str(NOON_MS // 1000 + 86_400 + 3_600)},
    }


def test_no_transaction_passes_dynamodbs_bound() -> None:
    """Visits of many days and pages take more counter items each."""
    same_page = visits_to(*["/"] * 200)
    days_apart = visits_to(*[f"/{n}" for n in range(200)], apart_ms=24 * HOUR_MS)

    for visits in (same_page, days_apart):
        requests = requests_for(visits, parts=32)
        receipts = [
            action for actions in requests for action in actions if "Put" in action
        ]
        assert len(receipts) == len(visits)
        assert all(len(actions) <= TRANSACTION_ACTIONS_MAX for actions in requests)
    assert len(requests_for(same_page)) == 3


def test_a_larger_bound_writes_each_item_once() -> None:
    """As on the embedded engine, where a transaction may have the group's actions."""
    visits = visits_to(*[f"/{n}" for n in range(200)])
    moves = [[total_moves(visit)] for visit in visits]

    assert split(moves, [None] * 200, 402) == [slice(0, 200)]
    assert len(split(moves, [None] * 200, 101)) == 3
    assert split([], [], 100) == []


def test_a_shard_has_items_of_its_own() -> None:
    """Two writers hold no item in common, but for the receipts of one id."""
    visits = visits_to("/")
    bucket, attributes = total_moves(visits[0], shard=7)

    moved, _ = increments([[(bucket, attributes)]], [None])
    request = transaction(Tables(), 86_400, visits, moved, "token", shard=7)

    keys = [action["Update"]["Key"] for action in request["TransactItems"][1:]]
    assert keys == [
        {"siteUrl": {"S": SITE.url}, "bucket": {"S": "visits#07"}},
        {"siteUrl": {"S": SITE.url}, "bucket": {"S": "total#2026-11-25#07"}},
    ]
