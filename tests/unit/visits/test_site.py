"""Addresses: which site holds a page, and what may be a site's address."""

from collections.abc import Callable

import pytest

from footfall.errors import InvalidInputError, SiteNotFoundError
from footfall.visits.site import (
    PAGE_LENGTH_MAX,
    URL_LENGTH_MAX,
    Site,
    SiteIndex,
    check_origins,
    check_rate_limit,
    check_retention_days,
    check_timezone,
    default_aliases,
    normalize_site_url,
)


def index_of(*urls: str) -> SiteIndex:
    return SiteIndex(tuple(Site(url, aliases=default_aliases(url)) for url in urls))


@pytest.mark.parametrize(
    ("page", "site"),
    [
        ("https://a.example/", "https://a.example/"),
        ("https://a.example", "https://a.example/"),
        ("https://a.example/about?x=1#top", "https://a.example/"),
        ("https://A.Example:443/about", "https://a.example/"),
        ("https://a.example/blog", "https://a.example/blog/"),
        ("https://a.example/blog/x", "https://a.example/blog/"),
        ("https://a.example/blogs", "https://a.example/"),
        ("https://a.example/blog/deep/x", "https://a.example/blog/deep/"),
        # Aliases: the other scheme, and www.
        ("http://a.example/x", "https://a.example/"),
        ("https://www.a.example/blog/x", "https://a.example/blog/"),
        # Another site's own origin is never taken by an alias.
        ("https://www.b.example/", "https://www.b.example/"),
        ("https://b.example/", "https://b.example/"),
        # A port is another server.
        ("https://a.example:8443/", None),
        ("http://127.0.0.1:8080/demo", "http://127.0.0.1:8080/demo/"),
        ("http://127.0.0.1:8080/other", None),
        ("http://[::1]:80/", "http://[::1]/"),
        ("https://c.example/", None),
    ],
)
def test_a_page_belongs_to_the_longest_matching_site(
    page: str, site: str | None
) -> None:
    """The origin is equal and the path is a prefix by whole segments."""
    sites = index_of(
        "https://a.example/",
        "https://a.example/blog/",
        "https://a.example/blog/deep/",
        "https://b.example/",
        "https://www.b.example/",
        "http://127.0.0.1:8080/demo/",
        "http://[::1]/",
    )

    found = sites.find(page)

    assert (found.url if found else None) == site


def test_a_hand_made_key_without_a_scheme_matches_both() -> None:
    """The recipe's tables have keys in any form; they are never rewritten."""
    sites = SiteIndex((Site("fernandomc.com"), Site("not a url"), Site("x.example/a")))

    assert sites.find("https://fernandomc.com/x") == Site("fernandomc.com")
    assert sites.find("http://fernandomc.com/") == Site("fernandomc.com")
    assert sites.find("https://x.example/a/b") == Site("x.example/a")
    assert sites.find("https://x.example/b") is None


def test_a_page_is_its_path() -> None:
    """Neither the query nor the fragment makes another page."""
    located = index_of("https://a.example/").locate("https://a.example/b/c?d=e#f")

    assert located is not None
    assert located.page == "/b/c"


def test_a_long_path_is_cut() -> None:
    """A page's name is an attribute's name in an item of bounded size."""
    located = index_of("https://a.example/").locate("https://a.example/" + "x" * 1000)

    assert located is not None
    assert len(located.page) == PAGE_LENGTH_MAX
    assert located.page.endswith("…")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "about:blank",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//a.example/",
        "https://",
        "https:///x",
        "https://user@a.example/",
        "https://a.example/a b",
        "https://a.example/a\tb",
        "https://a.example/a\nb",
        "https://a.example/\u202e",
        "https://a.example:99999/",
        "https://[::1/",
        "https://a.example/" + "x" * URL_LENGTH_MAX,
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    """The field at fault is named."""
    with pytest.raises(InvalidInputError) as caught:
        index_of("https://a.example/").find(url)

    assert caught.value.field == "url"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://www.fernandomc.com/", "https://www.fernandomc.com/"),
        ("HTTPS://WWW.Fernandomc.COM", "https://www.fernandomc.com/"),
        ("fernandomc.com", "https://fernandomc.com/"),
        (" fernandomc.com/blog ", "https://fernandomc.com/blog/"),
        ("http://a.example:80/", "http://a.example/"),
        ("http://a.example:8080", "http://a.example:8080/"),
        ("127.0.0.1:8080", "https://127.0.0.1:8080/"),
    ],
)
def test_an_added_address_has_one_form(text: str, address: str) -> None:
    """The same site cannot be added twice under two spellings."""
    assert normalize_site_url(text) == address
    assert normalize_site_url(address) == address


@pytest.mark.parametrize("text", ["", "ftp://a.example", "a.example/?q", "a b", "#"])
def test_what_is_no_address_cannot_be_added(text: str) -> None:
    """A site is an origin and a path, nothing more."""
    with pytest.raises(InvalidInputError) as caught:
        normalize_site_url(text)

    assert caught.value.field == "site"


def test_aliases_are_for_public_names_only() -> None:
    """Another port, or an address of numbers, is another server."""
    assert default_aliases("https://www.a.example/x/") == (
        "http://www.a.example",
        "https://a.example",
        "http://a.example",
    )
    assert default_aliases("http://127.0.0.1/") == ()
    assert default_aliases("http://localhost/") == ()
    assert default_aliases("https://a.example:8443/") == ()


def test_a_site_is_named_by_key_address_or_host() -> None:
    """Nobody should have to type the key exactly."""
    sites = SiteIndex((*index_of("https://a.example/").sites, Site("b.example/x")))

    assert sites.named("https://a.example/").url == "https://a.example/"
    assert sites.named("https://a.example").url == "https://a.example/"
    assert sites.named("a.example").url == "https://a.example/"
    assert sites.named("www.a.example").url == "https://a.example/"
    assert sites.named("https://b.example/x/").url == "b.example/x"
    for unknown in ("c.example", "https://a.example/blog", "", "no\nsite"):
        with pytest.raises(SiteNotFoundError):
            sites.named(unknown)


def test_a_name_that_could_mean_two_sites_names_none() -> None:
    """A removal must never take the wrong site."""
    sites = SiteIndex((Site("http://a.example/"), Site("https://a.example/")))

    with pytest.raises(SiteNotFoundError):
        sites.named("a.example")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns"])
def test_a_known_zone_is_taken(zone: str) -> None:
    """IANA's names, whatever the machine's own zone."""
    assert check_timezone(zone) == zone


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd", "Europe", "a\0b"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    """It is fixed for ever, so it must be right."""
    with pytest.raises(InvalidInputError) as caught:
        check_timezone(zone)

    assert caught.value.field == "timezone"


@pytest.mark.parametrize(
    "address",
    [
        "https://ex%ample.com",
        "https://a<b.example",
        "a^b.example",
        "https://a|b.example",
    ],
)
def test_a_host_is_made_of_what_a_host_is_made_of(address: str) -> None:
    """No browser would ever send a visit from it."""
    with pytest.raises(InvalidInputError, match="no host name"):
        normalize_site_url(address)


def test_origins_are_as_browsers_send_them() -> None:
    """Whatever way an owner writes them; each once."""
    assert check_origins(
        ["A.example", "https://a.example:443/", "http://b.example:80"]
    ) == (
        "https://a.example",
        "http://b.example",
    )
    for wrong in ("https://a.example/blog", "ftp://a.example", "https://a.example/?x"):
        with pytest.raises(InvalidInputError) as caught:
            check_origins([wrong])
        assert caught.value.field == "origins"
    with pytest.raises(InvalidInputError, match="at most"):
        check_origins(f"{n}.example" for n in range(101))


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (check_rate_limit, (0, 1, 1_000_000), (-1, 1_000_001)),
        (check_retention_days, (0, 7, 36_500), (-1, 1, 6, 36_501)),
    ],
)
def test_limits_are_bounded(
    check: Callable[[int], int], right: tuple[int, ...], wrong: tuple[int, ...]
) -> None:
    """0 is none."""
    assert tuple(map(check, right)) == right
    for number in wrong:
        with pytest.raises(InvalidInputError, match="must be 0"):
            check(number)
