"""The texts of statements that vary: pure, what is asked for in and SQL out.

A statement for many rows costs less than as many statements; its text is kept, as
SQLite's own cache of statements goes by it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from footfall.embedded.schema import Span, Table


def sql_name(table: Table) -> str:
    """The SQL table that holds a table's items."""
    return f"items_{table.id:d}"


@lru_cache(maxsize=512)
def select_keys(name: str, count: int, is_sorted: bool) -> str:
    """Read `count` keys of an SQL table, whose table has a sort key or not."""
    if not is_sorted:
        wanted = ", ".join("?" * count)
        return f"SELECT pk, sk, item FROM {name} WHERE sk = x'' AND pk IN ({wanted})"
    wanted = ", ".join(["(?, ?)"] * count)
    # CROSS JOIN looks each key up; SQLite would scan for a row in a list.
    return (
        f"WITH wanted (pk, sk) AS (VALUES {wanted})"
        f" SELECT pk, sk, item FROM wanted CROSS JOIN {name} USING (pk, sk)"
    )


@lru_cache(maxsize=512)
def put_rows(name: str, count: int, numbers: tuple[int, ...]) -> str:
    """Store `count` rows, with their places in the indexes of these numbers."""
    columns = ["expires", "item"]
    for number in numbers:
        columns += (f"hk_{number:d}", f"rk_{number:d}")
    row = f"(?, ?{', ?' * len(columns)})"
    return (
        f"INSERT INTO {name} (pk, sk, {', '.join(columns)})"
        f" VALUES {', '.join([row] * count)} ON CONFLICT (pk, sk) DO UPDATE SET "
        + ", ".join(f"{column} = excluded.{column}" for column in columns)
    )


def span_conditions(span: Span, columns: Sequence[str]) -> tuple[list[str], list[Any]]:
    """What rows of a span fulfil, by the columns of their places; and the values."""
    found: list[str] = []
    values: list[Any] = []
    after, comparison = span.after, "<" if span.descending else ">"
    if span.pk is not None:
        partition, sort = columns[:2]
        found.append(f"{partition} = ?")
        values.append(span.pk)
        found.append(f"{sort} >= ?" if span.low_inclusive else f"{sort} > ?")
        values.append(span.low)
        if span.high is not None:
            found.append(f"{sort} <= ?" if span.high_inclusive else f"{sort} < ?")
            values.append(span.high)
        columns, after = columns[1:], after and after[1:]
    if after is not None:
        marks = ", ".join("?" * len(columns))
        found.append(f"({', '.join(columns)}) {comparison} ({marks})")
        values += after
    return found, values
