"""Plots as text: as wide as they may be, as high as they should, nothing left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.cli.plots import bar, columns, large, spark_line, ticks

NUMBERS = st.lists(st.integers(0, 10**9), min_size=1, max_size=300)


@given(NUMBERS, st.integers(1, 200), st.integers(1, 12))
def test_columns_fit_and_hold_every_number(
    numbers: list[int], width: int, height: int
) -> None:
    """Where there are too many, a column is the sum of several."""
    plot = columns(numbers, width, height)

    assert len(plot.lines) == height
    assert {len(line) for line in plot.lines} == {len(plot.lines[0])}
    assert len(plot.lines[0]) <= width
    shown = -(-len(numbers) // plot.merged)
    assert len(plot.lines[0]) == shown * plot.slot
    sums = [
        sum(numbers[start : start + plot.merged])
        for start in range(0, len(numbers), plot.merged)
    ]
    assert plot.most == max(sums)
    drawn = [plot.lines[-1][index * plot.slot] != " " for index in range(shown)]
    assert drawn == [number > 0 for number in sums]


def test_columns_are_as_high_as_their_numbers() -> None:
    """In eighths of a line; what is little is still something."""
    plot = columns([0, 1, 8, 12, 16], 5, 2)

    assert plot.lines == ("   ▄█", " ▁███")
    assert columns([1_000_000, 1], 2, 1).lines == ("█▁",)


def test_a_few_columns_are_wide_and_apart() -> None:
    assert columns([2, 1], 9, 1).lines == ("███ ▄▄▄ ",)
    assert columns([1], 100, 1).lines == ("███████ ",)


@pytest.mark.parametrize(
    ("labels", "slot", "width", "line"),
    [
        (["1 Nov", "2 Nov", "3 Nov"], 7, 21, "1 Nov  2 Nov  3 Nov"),
        (["1 Nov", "2 Nov", "3 Nov"], 4, 12, "1 Nov  3 Nov"),
        (["1 Nov", "2 Nov", "3 Nov"], 2, 6, " 3 Nov"),
        (["a label"], 2, 4, ""),
    ],
)
def test_labels_have_room_and_the_last_is_there(
    labels: list[str], slot: int, width: int, line: str
) -> None:
    assert ticks(labels, slot, width) == line


def test_a_spark_line_is_of_the_newest_numbers() -> None:
    """Nothing is a line too, so that the eye sees how long it was."""
    assert spark_line([9, 0, 1, 2, 4, 8], 4) == "▁▂▄█"
    assert spark_line([0, 0, 0], 10) == "▁▁▁"
    assert spark_line([], 10) == ""


@given(st.integers(0, 10**6), st.integers(1, 60))
def test_a_bar_is_as_long_as_its_number(number: int, width: int) -> None:
    drawn = bar(number, 10**6, width)

    assert len(drawn) <= width
    assert bool(drawn) == bool(number)
    assert (len(drawn) == width and drawn[-1] == "█") == (
        number * 8 * width > 10**6 * (8 * width - 1)
    )


def test_large_digits_are_three_lines() -> None:
    assert large("1,047") == (
        "▄█      █▀█ █ █ ▀▀█",
        " █    ▄ █ █ ▀▀█   █",
        "▀▀▀  ▀  ▀▀▀   ▀   ▀",
    )
    assert {len(line) for line in large("-1,234,567,890")} == {14 * 4 - 1}
