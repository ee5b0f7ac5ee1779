"""Plots as lines of text: columns, a spark line, large digits. Pure.

A letter cell is drawn in eighths, so that eight lines have 64 heights; what is more
than nothing is never drawn as nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_SLOT_MAX = 8  # letters, of one column and the gap behind it

# Three dots wide and five high, a letter for each line: "7" is all three.
_DIGITS = {
    "0": "75557",
    "1": "26227",
    "2": "71747",
    "3": "71717",
    "4": "55711",
    "5": "74717",
    "6": "74757",
    "7": "71111",
    "8": "75757",
    "9": "75717",
    ",": "00012",
    "-": "00700",
}
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
_DOTS_WIDE = 3


@dataclass(frozen=True, slots=True)
class Columns:
    """Numbers as columns.

    Attributes:
        lines: From the top down, all as wide.
        slot: Letters from the beginning of one column to that of the next.
        merged: How many numbers one column is the sum of, where there are too many.
        most: The number of the highest column.
    """

    lines: tuple[str, ...]
    slot: int
    merged: int
    most: int


def columns(numbers: Sequence[int], width: int, height: int) -> Columns:
    """Numbers as columns that fill a width as well as whole letters can.

    Args:
        numbers: At least one, none below 0.
        width: Letters, at least one.
        height: Lines.
    """
    merged = -(-len(numbers) // width)
    sums = [
        sum(numbers[start : start + merged]) for start in range(0, len(numbers), merged)
    ]
    slot = min(width // len(sums), _SLOT_MAX)
    bar = slot - 1 if slot > 1 else 1
    most = max(sums)
    levels = [_level(number, most, height) for number in sums]
    lines = tuple(
        "".join(
            (_EIGHTHS[max(0, min(level - 8 * line, 8))] * bar).ljust(slot)
            for level in levels
        )
        for line in reversed(range(height))
    )
    return Columns(lines, slot, merged, most)


def ticks(labels: Sequence[str], slot: int, width: int) -> str:
    """Labels under their columns, as many as have room; the last is always there."""
    line = [" "] * width
    free = width
    for index in reversed(range(len(labels))):
        label = labels[index]
        start = min(index * slot, width - len(label))
        if start < 0 or start + len(label) > free:
            continue
        line[start : start + len(label)] = label
        free = start - 2
    return "".join(line).rstrip()


def spark_line(numbers: Sequence[int], width: int) -> str:
    """The last numbers, each as one letter."""
    shown = numbers[-width:]
    most = max(shown, default=0)
    return "".join(_EIGHTHS[max(1, _level(number, most, 1))] for number in shown)


def bar(number: int, most: int, width: int) -> str:
    """A number as a bar from the left."""
    full, rest = divmod(_level(number, most, width), 8)
    return "█" * full + (_LEFT_EIGHTHS[rest] if rest else "")


_LEFT_EIGHTHS = " ▏▎▍▌▋▊▉"


def large(text: str) -> tuple[str, ...]:
    """A number, "1,234", in digits three lines high."""
    glyphs = [_DIGITS[letter] for letter in text]
    return tuple(
        " ".join(_half_line(glyph, line) for glyph in glyphs) for line in (0, 2, 4)
    )


def _half_line(glyph: str, line: int) -> str:
    """Two lines of dots as one of letters."""
    upper, lower = int(glyph[line]), int(glyph[line + 1]) if line < 4 else 0
    return "".join(
        _HALVES[upper >> dot & 1, lower >> dot & 1]
        for dot in reversed(range(_DOTS_WIDE))
    )


def _level(number: int, most: int, cells: int) -> int:
    """A number's height in eighths of a cell, rounded up."""
    return -(-number * 8 * cells // most) if most and number > 0 else 0
