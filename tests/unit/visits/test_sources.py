"""Referrers are grouped to sources, and a link's parameters to its campaign."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.visits.site import Site
from footfall.visits.sources import CAMPAIGN_LENGTH_MAX, campaign_of, source_of

SITE = Site("https://a.example/", aliases=("http://a.example", "https://www.a.example"))


@pytest.mark.parametrize(
    ("referrer", "source"),
    [
        # Nobody says where from.
        (None, "direct"),
        ("", "direct"),
        # One name for all that a company has.
        ("https://www.google.com/", "Google"),
        ("https://www.google.de/search?q=x", "Google"),
        ("https://google.co.uk", "Google"),
        ("https://www.google.com.au/", "Google"),
        ("https://de.search.yahoo.com/", "Yahoo"),
        ("https://yandex.ru/", "Yandex"),
        ("https://ya.ru/", "Yandex"),
        ("https://www.bing.com/", "Bing"),
        ("https://duckduckgo.com/", "DuckDuckGo"),
        ("https://html.duckduckgo.com/", "DuckDuckGo"),
        ("https://old.reddit.com/r/python/", "Reddit"),
        ("https://l.facebook.com/", "Facebook"),
        ("https://t.co/abc", "X"),
        ("https://x.com/", "X"),
        ("https://en.wikipedia.org/wiki/Web_counter", "Wikipedia"),
        ("https://gist.github.com/", "GitHub"),
        ("https://news.ycombinator.com/item?id=1", "Hacker News"),
        ("https://chatgpt.com/", "ChatGPT"),
        # What has a name of its own within a larger one.
        ("https://news.google.com/", "Google News"),
        ("https://mail.google.com/", "Gmail"),
        # Who only looks like one.
        ("https://notgoogle.com/", "notgoogle.com"),
        ("https://google.example.com/", "google.example.com"),
        ("https://google.com.evil.example/", "google.com.evil.example"),
        ("https://user.github.io/", "user.github.io"),
        # Apps.
        ("android-app://com.google.android.gm/", "Gmail"),
        ("android-app://org.example.app/", "org.example.app (app)"),
        # Any other host names itself, in one form.
        ("https://www.blog.example/post", "blog.example"),
        ("HTTPS://Blog.Example:8443/?x#y", "blog.example"),
        ("https://blog.example./", "blog.example"),
        ("https://reader:secret@blog.example/", "blog.example"),
        ("https://my_blog.example/", "my_blog.example"),
        ("https://www.com/", "www.com"),
        ("http://localhost:3000/", "localhost"),
        ("http://192.0.2.7/", "192.0.2.7"),
        ("http://[2001:DB8::1]:8080/", "[2001:db8::1]"),
        # In the letters that its owner chose.
        ("https://xn--mnchen-3ya.de/", "münchen.de"),
        ("https://www.XN--MNCHEN-3YA.de/", "münchen.de"),
        ("https://münchen.de/", "münchen.de"),
        ("https://xn--99999999999.example/", "xn--99999999999.example"),
        ("https://xn--a.example/", "xn--a.example"),
        # The site itself, and another one beside it.
        ("https://a.example/about", None),
        ("http://www.a.example:8080/", None),
        ("https://A.EXAMPLE./", None),
        ("https://shop.a.example/", "shop.a.example"),
        # No address of a page.
        ("about:blank", "direct"),
        ("file:///home.html", "direct"),
        ("chrome-extension://abcdef/", "direct"),
        ("blog.example", "direct"),
        ("https://", "direct"),
        ("https:///path", "direct"),
        ("https://a b.example/", "direct"),
        ("https://a\nb.example/", "direct"),
        ("https://<script>.example/", "direct"),
        ("https://blog.example\\@www.google.com/", "direct"),
        ("https://[not an address]/", "direct"),
        ("https://" + "a." * 127 + "example/", "direct"),
        ("https://" + "x" * 100_000, "direct"),
    ],
)
def test_a_referrer_is_a_source(referrer: str | None, source: str | None) -> None:
    """The name that a person would use; None for the site's own pages."""
    assert source_of(referrer, SITE) == source


def test_a_site_that_was_put_in_by_hand_knows_itself() -> None:
    """Its key may have no scheme."""
    assert source_of("https://www.fernandomc.com/x", Site("fernandomc.com")) is None


@pytest.mark.parametrize(
    ("query", "campaign"),
    [
        ("", None),
        ("q=utm_source", None),
        ("utm_campaign=spring", "spring"),
        ("utm_source=newsletter", "newsletter"),
        ("utm_medium=email", "email"),
        # The largest first, so that a campaign's links stand side by side.
        (
            "utm_source=newsletter&utm_medium=email&utm_campaign=spring",
            "spring / newsletter / email",
        ),
        ("utm_source=hn&utm_campaign=launch&utm_content=b", "launch / hn"),
        # `ref` where nothing else says more.
        ("ref=producthunt", "producthunt"),
        ("ref=hn&utm_source=newsletter", "newsletter"),
        ("href=hn", None),
        # As it is written in the link, on one line.
        ("utm_campaign=Black+Friday%202026", "Black Friday 2026"),
        ("utm_campaign=%20a%0A%09b%20", "a b"),
        ("utm_campaign=%E2%9C%93", "✓"),
        ("utm_campaign=a&utm_campaign=b", "a"),
        # What shows nothing is none.
        ("utm_campaign=", None),
        ("utm_campaign=%20", None),
        ("utm_campaign=%E2%80%8B&ref=hn", "hn"),
        ("utm_campaign=a%00b", None),
        ("utm_campaign=" + "x" * 300, "x" * (CAMPAIGN_LENGTH_MAX - 1) + "…"),
        # No campaign's link has as many.
        ("&".join(f"p{n}=1" for n in range(60)) + "&ref=hn", None),
    ],
)
def test_a_link_names_its_campaign(query: str, campaign: str | None) -> None:
    """By utm_* or ref; its fragment says nothing."""
    assert campaign_of(f"https://a.example/?{query}#ref=no") == campaign


@given(st.text(max_size=400))
def test_whatever_a_stranger_sends_is_short_and_on_one_line(text: str) -> None:
    """It becomes an attribute's name in the store and a line on a page."""
    for address in (text, f"https://{text}", f"android-app://{text}"):
        source = source_of(address, SITE)
        assert source is None or (0 < len(source) <= 300 and source.isprintable())
    campaign = campaign_of(f"https://a.example/?utm_source={text}")
    assert campaign is None or (
        0 < len(campaign) <= CAMPAIGN_LENGTH_MAX and campaign.isprintable()
    )
