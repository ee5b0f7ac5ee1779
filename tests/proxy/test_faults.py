"""Plans of faults: seeded, and exact for single calls."""

from collections import Counter

import pytest

from tests.proxy.faults import Fault, Faults
from tests.proxy.refusals import IN_PROGRESS, Refusal

ALL = {fault.value: 0.05 for fault in Fault if fault is not Fault.NONE}


def drawn(faults: Faults, operation: str, number: int) -> list[Fault]:
    return [faults.draw(operation).fault for _ in range(number)]


def test_a_seed_decides() -> None:
    first, again, other = (
        drawn(Faults(ALL, seed=seed), "UpdateItem", 200) for seed in (1, 1, 2)
    )

    assert first == again != other


def test_faults_come_at_their_rates() -> None:
    """And in progress is said of transactions only."""
    transactions = Counter(drawn(Faults(ALL), "TransactWriteItems", 10_000))
    updates = Counter(drawn(Faults(ALL), "UpdateItem", 10_000))

    assert transactions.keys() == set(Fault)
    assert all(400 < transactions[Fault(name)] < 600 for name in ALL)
    assert updates.keys() == set(Fault) - {Fault.IN_PROGRESS}


def test_the_first_calls_of_an_operation_can_be_planned() -> None:
    """Another operation is not touched; what follows is drawn, or always the same."""
    faults = Faults(
        only={"PutItem": ["lost_after", "none"]}, always={"GetItem": "slow"}
    )

    assert drawn(faults, "PutItem", 3) == ["lost_after", "none", "none"]
    assert drawn(faults, "GetItem", 2) == ["slow", "slow"]
    assert drawn(faults, "UpdateItem", 1) == ["none"]


@pytest.mark.parametrize(
    ("planned", "delivered", "answered", "refused", "pauses"),
    [
        ("none", True, True, False, False),
        ("lost_before", False, False, False, False),
        ("cut_request", False, False, False, False),
        ("error_before", False, True, True, False),
        ("throttled", False, True, True, False),
        ("throughput", False, True, True, False),
        ("in_progress", False, True, True, False),
        ("lost_after", True, False, False, False),
        ("cut_answer", True, True, False, False),
        ("error_after", True, True, True, False),
        ("slow", True, True, False, False),
        ("twice", True, True, False, True),
        ("late", False, False, False, True),
        (Refusal("AccessDeniedException"), False, True, True, False),
    ],
)
def test_what_each_fault_does(
    planned: str | Refusal, delivered: bool, answered: bool, refused: bool, pauses: bool
) -> None:
    """The table that opens `faults.py`."""
    draw = Faults(only={"PutItem": [planned]}).draw("PutItem")

    assert draw.delivered == delivered
    assert draw.answered == answered
    assert (draw.refusal is not None) == refused
    assert (draw.pause_seconds is not None) == pauses


def test_a_fault_is_counted_by_its_name() -> None:
    """A planned refusal by its code, and no fault not at all."""
    faults = Faults(only={"PutItem": ["none", "late", IN_PROGRESS]})

    assert [faults.draw("PutItem").name for _ in range(3)] == [
        None,
        "late",
        "TransactionInProgressException",
    ]


def test_rates_can_change() -> None:
    """A network that is cut for a while."""
    faults = Faults({"late": 1.0})
    assert drawn(faults, "PutItem", 2) == ["late", "late"]

    faults.change({})

    assert drawn(faults, "PutItem", 2) == ["none", "none"]


@pytest.mark.parametrize("rates", [{"fire": 0.1}, {"late": 0.6, "twice": 0.5}])
def test_a_plan_that_cannot_be_is_refused(rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"fire|above 1"):
        Faults(rates)
