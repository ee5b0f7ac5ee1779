"""What a request tells of its reader, and which values of the breakdowns follow. Pure.

A reader who asks not to be followed (Global Privacy Control, Do Not Track) is a number:
one more visit of the day and the hour, in no breakdown at all, the page's own included.
An address is here to tell a country, and, under a salt that is destroyed
(`visits.visitors`), one reader from another; it is kept nowhere.
"""

import msgspec

from footfall.visits.agents import NO_AGENT, Agent
from footfall.visits.site import Site
from footfall.visits.sources import campaign_of, source_of

# CSS pixels, as layouts change: the widest phone, tablet and laptop.
_SIZES = ((480, "phone"), (1_024, "tablet"), (1_440, "laptop"))
_WIDEST = "desktop"


class Reader(msgspec.Struct, frozen=True):
    """What a request tells of its reader.

    Attributes:
        agent: The program.
        country: Two letters of ISO 3166-1, "" where nobody looks.
        told_apart: What distinguishes the reader from others today, "" if nothing may.
        quiet: Whether the reader asks not to be followed.
    """

    agent: Agent = NO_AGENT
    country: str = ""
    told_apart: str = ""
    quiet: bool = False


def values_of(
    reader: Reader | None,
    site: Site,
    page: str,
    *,
    url: str,
    referrer: str | None,
    width: int | None,
) -> tuple[tuple[str, str], ...]:
    """A view's value of each dimension that its site is broken down by.

    A dimension that does not apply has none: no campaign in the address, a referrer of
    the site itself. The page comes first.

    Args:
        reader: What the request tells of who read; None where nobody looked, as of a
            visit that a command counts: then only the page is known.
        site: The site.
        page: The page's path.
        url: The page's whole address, which may name a campaign.
        referrer: The address of the page before.
        width: The screen's width in CSS pixels.
    """
    if reader is not None and reader.quiet:
        return ()
    found: tuple[tuple[str, str | None], ...] = (("page", page),)
    if reader is not None:
        found = (
            ("page", page),
            ("referrer", source_of(referrer, site)),
            ("campaign", campaign_of(url)),
            ("country", reader.country),
            ("browser", reader.agent.browser),
            ("system", reader.agent.system),
            ("size", size_of(width)),
        )
    dimensions = site.dimensions
    return tuple(
        [(name, value) for name, value in found if value and name in dimensions]
    )


def size_of(width: int | None) -> str | None:
    """The kind of screen of a width in CSS pixels; None if nobody said."""
    if width is None or width <= 0:
        return None
    return next((name for most, name in _SIZES if width <= most), _WIDEST)
