"""Rows of what Umami and Plausible export: what each counts, and why others do not."""

import contextlib
import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import InvalidInputError
from footfall.transfer import plausible, umami
from footfall.transfer.entries import Entry, PageViews
from footfall.transfer.formats import format_of
from footfall.transfer.plausible import Row, Table
from footfall.visits.site import Site

SITE = Site("https://a.example/", aliases=("https://www.a.example",))
VIEWS = PageViews(SITE)

UMAMI_HEADER = (
    "website_id,session_id,visit_id,event_id,hostname,browser,os,device,screen,language,"
    "country,region,city,url_path,url_query,utm_source,utm_medium,utm_campaign,"
    "utm_content,utm_term,referrer_path,referrer_query,referrer_domain,page_title,"
    "event_type,event_name,tag,distinct_id,created_at,job_id"
)
VIEW = {
    "event_id": "018f",
    "hostname": "www.a.example",
    "browser": "edge-chromium",
    "os": "Windows 10",
    "screen": "1920x1080",
    "country": "FI",
    "url_path": "/post/",
    "url_query": "utm_source=mail&utm_campaign=may",
    "referrer_path": "/search",
    "referrer_domain": "www.google.com",
    "event_type": "1",
    "created_at": "2026-11-25 13:55:36",
}


def umami_row(**changed: str) -> Entry | str:
    header = UMAMI_HEADER.split(",")
    columns = umami.columns_of(header)
    assert columns is not None
    fields = {**VIEW, **changed}
    return umami.parse_row([fields.get(name, "") for name in header], columns, VIEWS)


def test_a_row_of_umamis_is_a_view_with_all_that_it_tells() -> None:
    """In the words that are used here."""
    entry = umami_row()

    assert isinstance(entry, Entry)
    assert (entry.at_ms, entry.kind) == (1795614936_000, "view")
    assert entry.identity == b"018f"
    assert dict(entry.values) == {
        "page": "/post/",
        "referrer": "Google",
        "campaign": "may / mail",
        "country": "FI",
        "browser": "Edge",
        "system": "Windows",
        "size": "desktop",
    }


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"hostname": "localhost"}, "elsewhere"),
        ({"event_type": "5"}, "kind"),
        ({"event_type": "2", "event_name": "signup"}, ("event", "signup")),
        ({"hostname": ""}, ("page", "/post/")),
        ({"url_path": ""}, ("page", "/")),
        ({"browser": "crios", "os": "iOS"}, ("browser", "Chrome")),
        ({"browser": "new thing"}, ("browser", "new thing")),
        ({"os": "Mac OS"}, ("system", "macOS")),
        ({"os": "\\N"}, ("system", "unknown")),
        ({"url_query": "", "utm_campaign": "spring"}, ("campaign", "spring")),
        ({"referrer_domain": ""}, ("referrer", "direct")),
        ({"screen": "360x640"}, ("size", "phone")),
    ],
)
def test_what_a_row_of_umamis_counts(
    changed: dict[str, str], expected: str | tuple[str, str]
) -> None:
    found = umami_row(**changed)

    assert found == expected if isinstance(found, str) else expected in found.values


def test_a_row_of_umamis_without_an_id_is_named_by_all_of_it() -> None:
    """As older exports are."""
    one, other = umami_row(event_id=""), umami_row(event_id="", session_id="s2")

    assert isinstance(one, Entry)
    assert isinstance(other, Entry)
    assert one.identity != other.identity


PLAUSIBLE = {
    plausible.TOTALS: "date,visitors,pageviews,bounces,visits,visit_duration",
    "page": "date,hostname,page,visits,visitors,pageviews",
    "referrer": "date,source,referrer,utm_source,utm_medium,utm_campaign,utm_content,"
    "utm_term,pageviews,visitors,visits,visit_duration,bounces",
    "country": "date,country,region,city,visitors,visits,visit_duration,bounces,pageviews",
    "size": "date,device,visitors,visits,visit_duration,bounces,pageviews",
    "browser": "date,browser,browser_version,visitors,visits,visit_duration,bounces,"
    "pageviews",
    "system": "date,operating_system,operating_system_version,visitors,visits,"
    "visit_duration,bounces,pageviews",
    "event": "date,name,link_url,path,visitors,events",
    "": "date,entry_page,visitors,entrances,visit_duration,bounces,pageviews",
}


def table(dimension: str) -> Table:
    found = plausible.table_of(PLAUSIBLE[dimension].split(","))
    assert found is not None
    return found


def plausible_row(dimension: str, **fields: str) -> Row | str:
    header = PLAUSIBLE[dimension].split(",")
    fields = {"date": "2023-02-09", "pageviews": "7", "visitors": "3", **fields}
    return plausible.parse_row(
        [fields.get(name, "") for name in header], table(dimension)
    )


@pytest.mark.parametrize("dimension", PLAUSIBLE)
def test_a_table_is_known_by_its_columns(dimension: str) -> None:
    """Whatever its file is called, and with quotation marks as it comes."""
    header = PLAUSIBLE[dimension].split(",")
    quoted = ",".join(f'"{name}"' for name in header)

    assert format_of(quoted.encode()) == "plausible"
    assert table(dimension).dimension == dimension


@pytest.mark.parametrize(
    ("dimension", "fields", "values"),
    [
        ("page", {"page": "/docs"}, (("page", "/docs"),)),
        ("page", {"page": ""}, (("page", "/"),)),
        ("referrer", {"source": "Google"}, (("referrer", "Google"),)),
        ("referrer", {"source": ""}, (("referrer", "direct"),)),
        (
            "referrer",
            {"source": "mail", "utm_source": "mail", "utm_campaign": "may"},
            (("referrer", "mail"), ("campaign", "may / mail")),
        ),
        ("country", {"country": "FR"}, (("country", "FR"),)),
        ("size", {"device": "Mobile"}, (("size", "phone"),)),
        ("size", {"device": ""}, ()),
        ("browser", {"browser": "Microsoft Edge"}, (("browser", "Edge"),)),
        ("browser", {"browser": ""}, (("browser", "unknown"),)),
        ("system", {"operating_system": "Mac"}, (("system", "macOS"),)),
    ],
)
def test_what_a_row_of_plausibles_counts(
    dimension: str, fields: dict[str, str], values: tuple[tuple[str, str], ...]
) -> None:
    assert plausible_row(dimension, **fields) == Row("2023-02-09", 7, 0, values)


def test_totals_events_and_what_is_no_breakdown_here() -> None:
    """A visit here is a view of a page, and not Plausible's visit, which is a session."""
    assert plausible_row(plausible.TOTALS, visits="5") == Row("2023-02-09", 7, 3, ())
    assert plausible_row("event", name="Signup", events="4") == Row(
        "2023-02-09", 4, 0, (("event", "Signup"),)
    )
    assert plausible_row("event", name="engagement", events="4") == "kind"
    assert plausible_row("", entry_page="/") == "dimension"


@pytest.mark.parametrize("fields", [{"date": "2023-02-30"}, {"pageviews": "-1"}])
def test_a_row_that_cannot_be_read_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        plausible_row("page", page="/", **fields)


@given(st.sampled_from([*PLAUSIBLE, "umami"]), st.lists(st.text(max_size=9)))
def test_no_row_is_read_with_a_traceback(dimension: str, row: list[str]) -> None:
    """Strangers choose what stands in most fields."""
    columns = umami.columns_of(next(csv.reader([UMAMI_HEADER])))
    assert columns is not None
    with contextlib.suppress(InvalidInputError):
        if dimension == "umami":
            umami.parse_row(row, columns, VIEWS)
        else:
            plausible.parse_row(row, table(dimension))
