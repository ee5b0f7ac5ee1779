"""What an import adds, cut so that DynamoDB takes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.counters.port import TRANSACTION_ACTIONS_MAX
from footfall.counters.tables import Tables
from footfall.transfer.document import Day, Values
from footfall.transfer.moves import Step, Sum, day_step, import_actions, values_steps
from footfall.visits.dimensions import BROKEN_DOWN, HOUR_NAMES

DAY = "2026-11-24"


@pytest.mark.parametrize("dimension", ["page", "event", "robot", "browser"])
@pytest.mark.parametrize("values", [1, 249, 250, 251, 3_000])
def test_each_step_fits_into_a_transaction_by_itself(
    dimension: str, values: int
) -> None:
    """However many values a day has, and nothing of them is lost."""
    told = {f"/{number}": number + 1 for number in range(values)}
    steps = list(values_steps(Values(DAY, dimension, told, other=5)))

    assert all(Sum().takes(step) for step in steps)
    added: dict[str, int] = {}
    for step in steps:
        for bucket, amounts in step.amounts.items():
            if bucket.startswith(f"{dimension}#"):
                for name, amount in amounts.items():
                    added[name] = added.get(name, 0) + amount
    added.pop("imported", None)
    assert added == {"other": 5, **{f"={name}": n for name, n in told.items()}}


def test_a_day_that_has_everything_fits() -> None:
    hours = dict.fromkeys(HOUR_NAMES, 1)

    assert Sum().takes(day_step(Day(DAY, 30, hours, visitors=9, unpaged=2)))


amounts = st.dictionaries(
    st.text(min_size=1, max_size=4), st.integers(1, 9), max_size=9
)
buckets = st.sampled_from([f"{each}#{DAY}#00" for each in BROKEN_DOWN])
steps = st.builds(
    Step, st.dictionaries(buckets, amounts, max_size=4), st.integers(0, 9)
)


@given(st.lists(steps, max_size=25))
def test_a_sum_is_its_steps(steps: list[Step]) -> None:
    """And never more than a transaction takes."""
    added = Sum()
    for step in steps:
        assert added.takes(step)
        added.add(step)
    actions = import_actions(Tables(), "https://a.example/", added, {"Put": {}})

    assert added.visits == sum(step.visits for step in steps)
    assert added.steps == len(steps)
    assert len(actions) <= TRANSACTION_ACTIONS_MAX
    for bucket, of_bucket in added.amounts.items():
        for name, amount in of_bucket.items():
            assert amount == sum(
                step.amounts.get(bucket, {}).get(name, 0) for step in steps
            )


def test_a_full_sum_takes_no_more() -> None:
    """Neither a bucket, nor a name, nor a byte."""
    buckets, names, size = Sum(), Sum(), Sum()
    buckets.add(Step({f"page#{DAY}#{number}": {"=/": 1} for number in range(97)}))
    names.add(Step({f"page#{DAY}#00": {f"={number}": 1 for number in range(250)}}))
    size.add(Step({f"page#{DAY}#00": {"=" + "x" * 999_000: 1}}))

    assert not buckets.takes(Step({f"event#{DAY}#00": {"=x": 1}}))
    assert not names.takes(Step({f"page#{DAY}#00": {"=x": 1}}))
    assert not size.takes(Step({f"page#{DAY}#00": {"=" + "x" * 2_000: 1}}))


@pytest.mark.parametrize("visits", [0, 7])
def test_every_transaction_shows(visits: int) -> None:
    """One of pages alone, too: whoever compares meanwhile must see that it came."""
    added = Sum(amounts={"page#2026-11-24#00": {"=/": 3}}, visits=visits)
    actions = import_actions(Tables(), "https://a.example/", added, {"Put": {}})

    ((moved,),) = [
        action["Update"]["ExpressionAttributeValues"].values()
        for action in actions
        if "#imported" in action.get("Update", {}).get("UpdateExpression", "")
    ]
    assert int(moved["N"]) >= 1
