"""Breakdowns against plain tallies: whatever comes, the numbers make the day's visits.

Visits of people, quiet readers, robots and events, some with an id that came before, are
recorded in groups by two recorders, while the owner switches dimensions off and on. Each
dimension's values, and the visits to which it does not apply, must make the day;
visitors are the distinct readers.
"""

import time
from collections import Counter as Tally
from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.connect import connect
from footfall.counters.port import Store
from footfall.visits.agents import Agent
from footfall.visits.dimensions import ROBOT
from footfall.visits.reader import Reader
from footfall.visits.record import Recorder
from footfall.visits.report import daily, top
from footfall.visits.site import DIMENSIONS, SiteIndex
from footfall.visits.sites import add_site, change_site, load_sites
from footfall.visits.verify import verify
from footfall.visits.visit import Submission, Visit, resolve

URL = "https://a.example/"
WINDOW_SECONDS = 86_400

# What is said -> the value that is counted; None where the dimension does not apply.
PAGES = {"": "/", "blog": "/blog", "other": "/other"}
REFERRERS = {
    None: "direct",
    "https://www.google.fr/": "Google",
    "https://other/": "other",
    f"{URL}blog": None,
}
CAMPAIGNS = {"": None, "?ref=hn": "hn", "?utm_source=a&utm_campaign=b": "b / a"}
COUNTRIES = {"": None, "DE": "DE", "unknown": "unknown"}
SIZES = {None: None, 390: "phone", 1_920: "desktop"}
READERS = ("ann", "ben", "eve")
BREAKDOWNS = ("page", "referrer", "campaign", "country", "browser", "size")


@dataclass(frozen=True)
class Said:
    """What a request says, in the words of the tables above."""

    id: int
    page: str
    referrer: str | None
    campaign: str
    country: str
    width: int | None
    reader: str
    kind: str
    left_out: str

    @property
    def values(self) -> dict[str, str | None]:
        """The value of each breakdown of a person's view."""
        return {
            "page": PAGES[self.page],
            "referrer": REFERRERS[self.referrer],
            "campaign": CAMPAIGNS[self.campaign],
            "country": COUNTRIES[self.country],
            "browser": "Firefox",
            "size": SIZES[self.width],
        }


SAID = st.builds(
    Said,
    id=st.integers(0, 30),
    page=st.sampled_from(list(PAGES)),
    referrer=st.sampled_from(list(REFERRERS)),
    campaign=st.sampled_from(list(CAMPAIGNS)),
    country=st.sampled_from(list(COUNTRIES)),
    width=st.sampled_from(list(SIZES)),
    reader=st.sampled_from(READERS),
    kind=st.sampled_from(["person", "person", "person", "quiet", "robot", "event"]),
    left_out=st.sampled_from(["", "", *BREAKDOWNS, "visitor"]),
)


@settings(max_examples=60)
@given(groups=st.lists(st.lists(SAID, min_size=1, max_size=8), max_size=8))
def test_a_dimension_and_what_it_leaves_out_make_the_day(
    groups: list[list[Said]],
) -> None:
    """For every dimension, whatever was said, and whatever was switched off."""
    client = connect(":memory:")
    store = Store(client)
    site = add_site(store, URL)
    recorders = [Recorder(store), Recorder(store)]
    now_ms = time.time_ns() // 1_000_000
    counted: dict[int, Said] = {}
    for number, group in enumerate(groups):
        left_out = group[0].left_out
        left = tuple(each for each in DIMENSIONS if each != left_out)
        site = change_site(store, site, dimensions=left)
        visits = []
        for said in group:
            submission, reader = request(said)
            visit = resolve(
                submission, SiteIndex((site,)), now_ms, WINDOW_SECONDS, reader
            )
            assert isinstance(visit, Visit)
            visits.append(visit)
            kept = Said(**{**vars(said), "left_out": left_out})
            counted.setdefault(said.id, kept)
        recorders[number % 2].record(visits)

    assert_counted(store, list(counted.values()), now_ms)
    client.close()  # type: ignore[attr-defined]


def request(said: Said) -> tuple[Submission, Reader]:
    agent = Agent("Firefox", "Linux", is_robot=False)
    reader = Reader(agent, said.country, said.reader)
    if said.kind == "quiet":
        reader = Reader(agent, quiet=True)
    elif said.kind == "robot":
        reader = Reader(Agent("Googlebot", "unknown", is_robot=True))
    submission = Submission(
        str(said.id),
        f"{URL}{said.page}{said.campaign}",
        referrer=said.referrer,
        width=said.width,
        event="sign-up" if said.kind == "event" else None,
    )
    return submission, reader


def assert_counted(store: Store, counted: list[Said], now_ms: int) -> None:
    (site,) = load_sites(store).sites
    day = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    views = [said for said in counted if said.kind in ("person", "quiet")]
    people = [said for said in views if said.kind == "person"]
    for dimension in BREAKDOWNS:
        expected = Tally(
            said.values[dimension]
            for said in people
            if said.left_out != dimension and said.values[dimension] is not None
        )
        found = {
            each.value: each.visits
            for each in top(store, site, dimension, day, day, limit=99)
        }
        assert found == expected
    for dimension, kind in ((ROBOT, "robot"), ("event", "event")):
        of_kind = sum(said.kind == kind for said in counted)
        values = top(store, site, dimension, day, day, limit=9)
        assert sum(each.visits for each in values) == of_kind
    (today,) = daily(store, site, day, day)
    assert today.visits == len(views)
    assert today.visitors == len(
        {said.reader for said in people if said.left_out != "visitor"}
    )
    assert verify(store, site, now_ms).differences == ()
