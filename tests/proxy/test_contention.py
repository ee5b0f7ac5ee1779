"""What the proxy refuses as AWS does: tables of requests, with the time given."""

from typing import Any

import pytest

from tests.proxy.contention import Admission, Contention
from tests.proxy.refusals import (
    CONFLICT,
    IN_PROGRESS,
    REPEATED_ITEM,
    THROUGHPUT,
    Refusal,
)

Request = dict[str, Any]

CONFLICT_REASON = {
    "Code": "TransactionConflict",
    "Message": "Transaction is ongoing for the item",
}
NONE = {"Code": "None"}


def key(id: str) -> Request:
    return {"TableName": "items", "Key": {"id": {"S": id}}}


def put(id: str, text: str = "") -> Request:
    return {"TableName": "items", "Item": {"id": {"S": id}, "text": {"S": text}}}


def transaction(*actions: Request, token: str | None = None) -> Request:
    request: Request = {"TransactItems": list(actions)}
    return request if token is None else {**request, "ClientRequestToken": token}


UPDATE_A, UPDATE_B, UPDATE_C = ({"Update": key(id)} for id in "abc")


@pytest.fixture
def contention() -> Contention:
    """It knows the table `items`, and holds for 15 ms."""
    contention = Contention(hold_seconds=(0.015, 0.015))
    contention.learn({"TableName": "items", "KeySchema": [{"AttributeName": "id"}]})
    return contention


def admitted(
    contention: Contention, operation: str, request: Request, now: float = 0.0
) -> Admission:
    admission = contention.admit(operation, request, now)
    assert isinstance(admission, Admission), admission
    return admission


def reasons(refusal: Admission | Refusal) -> list[Any]:
    assert isinstance(refusal, Refusal), refusal
    assert refusal.code == "TransactionCanceledException"
    return list(refusal.reasons)


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([UPDATE_B, UPDATE_A], [NONE, CONFLICT_REASON]),
        ([UPDATE_A], [CONFLICT_REASON]),
        ([{"Put": put("c")}, {"Put": put("a")}], [NONE, CONFLICT_REASON]),
        ([{"Delete": key("a")}, UPDATE_C, UPDATE_B], [CONFLICT_REASON, NONE, NONE]),
        ([{"ConditionCheck": key("a")}], [CONFLICT_REASON]),
    ],
)
def test_a_transaction_on_a_held_item_is_cancelled_with_the_reasons_in_order(
    contention: Contention, actions: list[Request], expected: list[Any]
) -> None:
    admitted(contention, "TransactWriteItems", transaction(UPDATE_A))

    refused = contention.admit("TransactWriteItems", transaction(*actions), 0.014)

    assert reasons(refused) == expected
    assert isinstance(refused, Refusal)
    assert refused.message.endswith(
        f"[{', '.join(reason['Code'] for reason in expected)}]"
    )
    assert contention.tally.conflicts == {"TransactWriteItems": 1}


OTHER_TABLE = {"TableName": "others", "Key": {"id": {"S": "a"}}}


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("TransactWriteItems", transaction(UPDATE_B, UPDATE_C)),
        ("TransactWriteItems", transaction({"Update": OTHER_TABLE})),
        ("UpdateItem", key("b")),
        ("GetItem", key("a")),
        ("Query", {"TableName": "items"}),
        ("Scan", {"TableName": "items"}),
        ("BatchGetItem", {"RequestItems": {"items": {"Keys": [key("a")["Key"]]}}}),
        (
            "BatchWriteItem",
            {
                "RequestItems": {
                    "items": [{"DeleteRequest": {"Key": {"id": {"S": "a"}}}}]
                }
            },
        ),
    ],
)
def test_what_does_not_meet_a_transaction_goes_on(
    contention: Contention, operation: str, request_: Request
) -> None:
    """Other items, plain reads, and batches: the guide names no conflict for them."""
    admitted(contention, "TransactWriteItems", transaction(UPDATE_A))

    admitted(contention, operation, request_)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [("PutItem", put("a")), ("UpdateItem", key("a")), ("DeleteItem", key("a"))],
)
def test_a_single_write_on_a_held_item_is_rejected(
    contention: Contention, operation: str, request_: Request
) -> None:
    """Until the transaction is finished."""
    holding = admitted(contention, "TransactWriteItems", transaction(UPDATE_A))

    assert contention.admit(operation, request_, 0.001) == CONFLICT
    contention.finish(holding, committed=True, now=0.015)
    admitted(contention, operation, request_, 0.015)


def test_a_single_write_cancels_no_transaction_but_one_that_reads(
    contention: Contention,
) -> None:
    reading = transaction({"Get": key("b")}, {"Get": key("a")})
    writing = admitted(contention, "UpdateItem", key("a"))

    refused = contention.admit("TransactGetItems", reading, 0.0)
    assert reasons(refused) == [NONE, CONFLICT_REASON]
    contention.finish(writing, committed=True, now=0.0)
    admitted(contention, "TransactGetItems", reading)

    again = admitted(contention, "PutItem", put("a"))
    admitted(contention, "TransactWriteItems", transaction(UPDATE_A))
    contention.finish(again, committed=True, now=0.0)


def test_a_reading_transaction_meets_one_that_writes(contention: Contention) -> None:
    admitted(contention, "TransactWriteItems", transaction(UPDATE_A))

    refused = contention.admit("TransactGetItems", transaction({"Get": key("a")}), 0.0)

    assert reasons(refused) == [CONFLICT_REASON]


def test_a_transaction_is_answered_after_10_to_20_ms() -> None:
    """As a seed decides."""
    first, again = (
        [
            admitted(
                contention, "TransactWriteItems", transaction({"Update": key(str(n))})
            ).until
            for n in range(50)
        ]
        for contention in (Contention(seed=7), Contention(seed=7))
    )

    assert first == again
    assert 0.010 <= min(first) < 0.012
    assert 0.018 < max(first) <= 0.020


@pytest.mark.parametrize(
    "actions",
    [
        [UPDATE_A, {"ConditionCheck": key("a")}],
        [{"Put": put("a")}, UPDATE_B, {"Delete": key("a")}],
        [
            {"Update": {"TableName": "numbers", "Key": {"n": {"N": number}}}}
            for number in ("1", "1.0")
        ],
    ],
)
def test_a_transaction_has_one_action_an_item(
    contention: Contention, actions: list[Request]
) -> None:
    """Two ways of writing a number are one key."""
    refused = contention.admit("TransactWriteItems", transaction(*actions), 0.0)

    assert refused == REPEATED_ITEM


def test_a_token_is_in_progress_while_its_transaction_runs(
    contention: Contention,
) -> None:
    """Committed, it is the store's to answer, whoever holds the items then."""
    request = transaction(UPDATE_A, token="t")
    first = admitted(contention, "TransactWriteItems", request)

    assert contention.admit("TransactWriteItems", request, 0.001) == IN_PROGRESS
    contention.finish(first, committed=True, now=0.015)
    admitted(contention, "TransactWriteItems", transaction(UPDATE_A), 0.016)
    repeat = admitted(contention, "TransactWriteItems", request, 0.017)

    assert not repeat.held
    contention.finish(repeat, committed=True, now=0.018)
    assert contention.tally.committed == 1
    late = contention.admit("TransactWriteItems", request, 0.016 + 601)
    assert reasons(late) == [CONFLICT_REASON]


def test_a_cancelled_transaction_may_try_again_under_its_token(
    contention: Contention,
) -> None:
    request = transaction(UPDATE_A, token="t")
    first = admitted(contention, "TransactWriteItems", request)
    contention.finish(first, committed=False, now=0.015)

    assert admitted(contention, "TransactWriteItems", request, 0.016).held


def test_a_transaction_pays_two_units_for_each_kb_of_an_item(
    contention: Contention,
) -> None:
    """What is cancelled counts for nothing."""
    request = transaction({"Put": put("a", "x" * 1_500)}, UPDATE_B)
    for committed in (True, False):
        admission = admitted(contention, "TransactWriteItems", request)
        contention.finish(admission, committed=committed, now=0.0)

    tally = contention.tally
    assert (tally.committed, tally.write_units) == (1, 2 * 2 + 2 * 1)
    assert tally.as_dict()["requests"] == {"TransactWriteItems": 2}


def throttled_after(contention: Contention, now: float, limit: int = 5_000) -> int:
    """How many updates of one item are admitted at one moment."""
    for number in range(limit):
        admission = contention.admit("UpdateItem", key("a"), now)
        if admission == THROUGHPUT:
            return number
        assert isinstance(admission, Admission)
        contention.finish(admission, committed=True, now=now)
    return limit


def test_an_item_takes_a_thousand_units_a_second(contention: Contention) -> None:
    """With a second's units in reserve; another item has its own."""
    assert throttled_after(contention, now=0.0) == 1_000
    assert throttled_after(contention, now=0.25) == 250
    assert throttled_after(contention, now=60.0) == 1_000
    admitted(contention, "UpdateItem", key("b"), 60.0)
    assert contention.tally.throttled == {"UpdateItem": 3}


def test_a_transaction_on_a_spent_item_is_cancelled_and_spends_nothing(
    contention: Contention,
) -> None:
    throttled_after(contention, now=0.0)
    request = transaction(UPDATE_B, UPDATE_A)

    for now in (0.0, 0.001):
        refused = contention.admit("TransactWriteItems", request, now)
        assert [reason["Code"] for reason in reasons(refused)] == [
            "None",
            "ThrottlingError",
        ]
    admitted(contention, "TransactWriteItems", request, 0.002)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("PutItem", {"TableName": "unknown", "Item": {"id": {"S": "a"}}}),
        ("PutItem", {"TableName": "items", "Item": {}}),
        ("PutItem", []),
        ("UpdateItem", {"TableName": "items", "Key": {"id": "a"}}),
        ("UpdateItem", {"TableName": "items", "Key": {"id": {"N": "x"}}}),
        ("TransactWriteItems", {}),
        ("TransactWriteItems", {"TransactItems": [{"Put": None}]}),
        ("BatchWriteItem", {"RequestItems": {"items": [7]}}),
    ],
)
def test_a_malformed_request_is_for_the_store_to_refuse(
    contention: Contention, operation: str, request_: Any
) -> None:
    contention.unknown_tables(operation, request_)

    admitted(contention, operation, request_)


def test_tables_without_a_known_key_are_named(contention: Contention) -> None:
    """Only a Put does not say its key itself."""
    other = {"TableName": "other", "Item": {"id": {"S": "a"}}}
    request = transaction({"Put": put("a")}, {"Put": other}, {"Update": OTHER_TABLE})

    assert contention.unknown_tables("TransactWriteItems", request) == {"other"}
