"""What is said of a visit becomes a visit, or a reason why it is none."""

import msgspec
import pytest

from footfall.errors import InvalidInputError, SiteNotFoundError
from footfall.visits.site import Site, SiteIndex
from footfall.visits.visit import Outcome, Submission, Visit, resolve, view

SITE = Site("https://a.example/")
NOW_MS = 1_800_000_000_000
WINDOW_SECONDS = 86_400


def resolved(**fields: object) -> Visit | Outcome:
    said = {"id": "v1", "url": "https://a.example/x", **fields}
    submission = msgspec.convert(said, Submission)
    return resolve(submission, SiteIndex((SITE,)), NOW_MS, WINDOW_SECONDS)


def test_a_visit_is_at_its_arrival_less_its_age() -> None:
    """A visit that waited on a device counts for the hour it was made in."""
    assert resolved() == view("v1", SITE, "/x", NOW_MS)
    assert resolved(age=60_000) == view("v1", SITE, "/x", NOW_MS - 60_000)


def test_a_visit_past_the_window_is_stale() -> None:
    """Its id may have been forgotten, so nobody can tell whether it counted."""
    at_the_edge = WINDOW_SECONDS * 1000

    assert isinstance(resolved(age=at_the_edge), Visit)
    assert resolved(age=at_the_edge + 1) == Outcome("filtered", SITE.url, "stale")


@pytest.mark.parametrize("age", [-1, 10**15])
def test_an_impossible_age_is_refused(age: int) -> None:
    """A clock that is that far off says nothing."""
    with pytest.raises(InvalidInputError, match="age"):
        resolved(age=age)


@pytest.mark.parametrize("id", ["", "x" * 65, "tab\t", "bell\a", "é", "日本"])
def test_an_id_is_printable_ascii(id: str) -> None:
    """It is a key in the store and travels in URLs."""
    with pytest.raises(InvalidInputError, match="id"):
        resolved(id=id)


@pytest.mark.parametrize("id", ["x", "x" * 64, "a b", "../../etc", "%00'\""])
def test_any_printable_id_is_taken(id: str) -> None:
    """What makes a request idempotent is the caller's own business."""
    assert isinstance(resolved(id=id), Visit)


def test_a_page_of_no_site_is_not_counted() -> None:
    """Sites are added by somebody who decides to track them."""
    with pytest.raises(SiteNotFoundError):
        resolved(url="https://b.example/")
