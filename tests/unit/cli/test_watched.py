"""What somebody sees who watches a site: each visit once, in its minute, by its page."""

from datetime import UTC, date, datetime, timedelta

from footfall.cli.watched import CHANGES_MAX, MINUTES_MAX, Look, Pages, Watched

START = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)
TODAY, TOMORROW = date(2026, 11, 24), date(2026, 11, 25)


def look(seconds: float, total: int, **days: Pages) -> Look:
    """A look some seconds after the start; `today` and `tomorrow` have pages."""
    named = {"today": TODAY, "tomorrow": TOMORROW}
    return Look(
        START + timedelta(seconds=seconds),
        total,
        total - 100,
        {named[name]: pages for name, pages in days.items()},
    )


def test_a_change_is_told_by_page() -> None:
    """The one with the most first."""
    watched = Watched(look(0, 100, today={"/": 7}))

    change = watched.see(look(1, 104, today={"/": 8, "/b": 2, "/a": 1}))

    assert change is not None
    assert change.added == 4
    assert change.pages == (("/b", 2), ("/", 1), ("/a", 1))
    assert watched.added == 4
    assert list(watched.changes) == [change]


def test_nothing_is_no_change() -> None:
    watched = Watched(look(0, 100))

    assert watched.see(look(1, 100)) is None
    assert list(watched.changes) == []


def test_midnight_loses_no_page() -> None:
    """The day that ended is looked at once more, and the new one begins at nothing."""
    watched = Watched(look(0, 100, today={"/": 7}))

    change = watched.see(look(60, 103, today={"/": 8}, tomorrow={"/": 1, "/a": 1}))

    assert change is not None
    assert change.pages == (("/", 2), ("/a", 1))


def test_visits_stand_in_their_minute() -> None:
    """Counted from the first look; a quiet minute is one too."""
    watched = Watched(look(0, 100))
    watched.see(look(59, 102))
    watched.see(look(60, 103))
    watched.tick(START + timedelta(seconds=185))
    watched.tick(START + timedelta(seconds=186))

    assert list(watched.minutes) == [2, 1, 0, 0]


def test_a_number_that_was_set_back_is_told() -> None:
    """A repair, say; it is no visit of any minute."""
    watched = Watched(look(0, 100))

    change = watched.see(look(1, 90))

    assert change is not None
    assert change.added == -10
    assert list(watched.minutes) == [0]


def test_what_is_remembered_is_bounded() -> None:
    """A terminal may be left open for weeks."""
    watched = Watched(look(0, 100))
    for number in range(CHANGES_MAX + 10):
        watched.see(look(number, 101 + number))
    watched.tick(START + timedelta(days=30))

    assert len(watched.changes) == CHANGES_MAX
    assert len(watched.minutes) == MINUTES_MAX
    assert watched.added == CHANGES_MAX + 10
