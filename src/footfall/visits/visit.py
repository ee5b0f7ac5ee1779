"""A visit: one counted view of a page, valid by construction.

A `Submission` is what somebody says; `resolve` makes it a `Visit` of a site that was
added, or says why it is none. Time is an argument: nothing here reads a clock.
"""

from typing import Literal

import msgspec

from footfall.counters.names import check_id
from footfall.errors import InvalidInputError, SiteNotFoundError
from footfall.visits.reader import Reader, values_of
from footfall.visits.site import Located, Site, SiteIndex

Kind = Literal["view", "event", "robot"]

EVENT_LENGTH_MAX = 100  # characters
AGE_MS_MAX = 10**13  # some 300 years: a clock that began in 1970 is set right


class Submission(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a beacon, a pixel or a person says of a visit.

    Attributes:
        id: What makes the visit idempotent, 1 to 64 printable ASCII characters.
        url: The page's address.
        referrer: The address of the page before it.
        width: The screen's width, in CSS pixels.
        age: Milliseconds since the id was made.
        event: The name of a custom event; a plain view has none.
    """

    id: str
    url: str
    referrer: str | None = None
    width: int | None = None
    age: int | None = None
    event: str | None = None


class Visit(msgspec.Struct, frozen=True):
    """A view to count, or an event, or a robot's view, which is counted apart.

    Attributes:
        id: What makes it count once.
        site: The site that it is of.
        page: The page's path.
        at_ms: Its own time, milliseconds since the epoch.
        kind: Only a view moves the site's number, its days and its hours.
        values: Its value of each dimension that it is broken down by.
        reader: What tells readers of a day apart, kept in memory alone; "" for one
            who is not to be told apart.
    """

    id: str
    site: Site
    page: str
    at_ms: int
    kind: Kind = "view"
    values: tuple[tuple[str, str], ...] = ()
    reader: str = ""


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a visit.

    Attributes:
        outcome: "counted" now, "duplicate" of one counted before, or "filtered":
            not counted, for `reason`.
        site: The site's address in the store.
        reason: Why a visit was filtered: "stale" is older than the window, "robot" is
            no person's; an event is "quiet" if its reader asks not to be followed,
            and "off" where its site counts no events.
        visits: The site's total at or after this visit, where it was read.
    """

    outcome: Literal["counted", "duplicate", "filtered"]
    site: str
    reason: str | None = None
    visits: int | None = None


def view(id: str, site: Site, page: str, at_ms: int) -> Visit:
    """A view of which nothing is known but its page."""
    values = values_of(None, site, page, url="", referrer=None, width=None)
    return Visit(id, site, page, at_ms, "view", values)


def resolve(
    submission: Submission,
    sites: SiteIndex,
    now_ms: int,
    window_seconds: int,
    reader: Reader | None = None,
) -> Visit | Outcome:
    """The visit that was said, or the outcome "filtered" with its reason.

    Past the window an id may have been forgotten, so an older visit is not counted
    (G1): nobody can tell whether it was before.

    Args:
        submission: What was said.
        sites: The sites that were added.
        now_ms: The time of arrival, milliseconds since the epoch.
        window_seconds: How long ids are remembered.
        reader: What the request tells of who read the page; None if nobody looked.

    Raises:
        InvalidInputError: A field is not valid; nothing is counted.
        SiteNotFoundError: No site holds the page; nothing is counted.
    """
    check_id(submission.id)
    located = sites.locate(submission.url)
    if located is None:
        raise SiteNotFoundError(submission.url)
    age_ms = submission.age or 0
    if not 0 <= age_ms <= AGE_MS_MAX:
        raise InvalidInputError("age", f"must be 0 to {AGE_MS_MAX} milliseconds")
    if age_ms > window_seconds * 1000:
        return Outcome("filtered", located.site.url, reason="stale")
    site = located.site
    at_ms = now_ms - age_ms
    if submission.event is not None:
        return _event(submission, located, at_ms, reader)
    if reader is not None and reader.agent.is_robot:
        robot = (("robot", reader.agent.browser),)
        return Visit(submission.id, site, located.page, at_ms, "robot", robot)
    return Visit(
        submission.id,
        site,
        located.page,
        at_ms,
        "view",
        values_of(
            reader,
            site,
            located.page,
            url=submission.url,
            referrer=submission.referrer,
            width=submission.width,
        ),
        reader.told_apart if reader and "visitor" in site.dimensions else "",
    )


def _event(
    submission: Submission, located: Located, at_ms: int, reader: Reader | None
) -> Visit | Outcome:
    """An event to count, which is a value of a breakdown and nothing else."""
    event = check_event(submission.event or "")
    site = located.site
    if reader is not None and reader.agent.is_robot:
        return Outcome("filtered", site.url, reason="robot")
    if reader is not None and reader.quiet:
        return Outcome("filtered", site.url, reason="quiet")
    if "event" not in site.dimensions:
        return Outcome("filtered", site.url, reason="off")
    values = (("event", event),)
    return Visit(submission.id, site, located.page, at_ms, "event", values)


def check_event(name: str) -> str:
    """The event's name, if it is 1 to 100 printable characters.

    Raises:
        InvalidInputError: It is not.
    """
    if not 0 < len(name) <= EVENT_LENGTH_MAX or not name.isprintable():
        raise InvalidInputError(
            "event", f"must be 1 to {EVENT_LENGTH_MAX} printable characters"
        )
    return name
