"""Where a reader came from: the source that a referrer is, and the campaign of a link.

A source is a name that a person would use: "Google" for each of its hundred domains,
"Hacker News" for its host, and else the host without "www.". The site's own pages are no
source. Names are of what sends readers to many sites; any other host names itself.
"""

from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from footfall.visits.site import Site

SOURCE_LENGTH_MAX = 100  # characters
DIRECT = "direct"  # no referrer: typed, a bookmark, or withheld

_REMEMBERED_MAX = 4_096

# A link's own parameters, the first that is there (`ref` is GitHub's and GoatCounter's).
_CAMPAIGN_PARAMETERS = ("utm_campaign", "utm_source", "ref")
_PARAMETERS_MAX = 50

_BY_HOST = {
    "bsky.app": "Bluesky",
    "go.bsky.app": "Bluesky",
    "chatgpt.com": "ChatGPT",
    "com.google.android.gm": "Gmail",
    "com.google.android.googlequicksearchbox": "Google",
    "com.reddit.frontpage": "Reddit",
    "com.slack": "Slack",
    "duckduckgo.com": "DuckDuckGo",
    "ecosia.org": "Ecosia",
    "github.com": "GitHub",
    "l.instagram.com": "Instagram",
    "instagram.com": "Instagram",
    "linkedin.com": "LinkedIn",
    "lnkd.in": "LinkedIn",
    "com.linkedin.android": "LinkedIn",
    "lobste.rs": "Lobsters",
    "mail.google.com": "Gmail",
    "news.google.com": "Google News",
    "news.ycombinator.com": "Hacker News",
    "hn.algolia.com": "Hacker News",
    "old.reddit.com": "Reddit",
    "out.reddit.com": "Reddit",
    "reddit.com": "Reddit",
    "org.telegram.messenger": "Telegram",
    "t.me": "Telegram",
    "perplexity.ai": "Perplexity",
    "search.brave.com": "Brave",
    "startpage.com": "Startpage",
    "t.co": "X",
    "twitter.com": "X",
    "x.com": "X",
    "com.twitter.android": "X",
    "facebook.com": "Facebook",
    "l.facebook.com": "Facebook",
    "lm.facebook.com": "Facebook",
    "m.facebook.com": "Facebook",
    "youtube.com": "YouTube",
    "m.youtube.com": "YouTube",
}
# The first label of hosts that have one domain in each country.
_BY_LABEL = {
    "baidu": "Baidu",
    "bing": "Bing",
    "google": "Google",
    "yahoo": "Yahoo",
    "yandex": "Yandex",
}


def source_of(referrer: str | None, site: Site) -> str | None:
    """The source that a referrer is; None for the site's own pages.

    Args:
        referrer: The address of the page before, as the beacon sends it.
        site: The site that was visited.
    """
    if not referrer:
        return DIRECT
    host = _host(referrer)
    if not host:
        return DIRECT
    return None if host in _own_hosts(site) else _named(host)


@lru_cache(maxsize=_REMEMBERED_MAX)
def campaign_of(url: str) -> str | None:
    """The campaign that a page's address names, by utm_* or ref; None if it has none."""
    query = urlsplit(url).query
    if not query:
        return None
    try:
        pairs = parse_qsl(query, max_num_fields=_PARAMETERS_MAX)
    except ValueError:  # more parameters than any campaign's link has
        return None
    parameters = dict(reversed(pairs))
    for name in _CAMPAIGN_PARAMETERS:
        value = parameters.get(name, "").strip()
        if value and value.isprintable():
            return value[:SOURCE_LENGTH_MAX]
    return None


@lru_cache(maxsize=_REMEMBERED_MAX)
def _host(referrer: str) -> str:
    """The host of an address without "www."; "" if it has none."""
    try:
        parts = urlsplit(referrer)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if not host.isprintable() or " " in host:
        return ""
    return host.removeprefix("www.")


@lru_cache(maxsize=_REMEMBERED_MAX)
def _named(host: str) -> str:
    if host in _BY_HOST:
        return _BY_HOST[host]
    labels = host.split(".")
    # google.com, google.co.uk, de.search.yahoo.com
    for label in labels[-3:-1]:
        if label in _BY_LABEL:
            return _BY_LABEL[label]
    return host[:SOURCE_LENGTH_MAX]


@lru_cache(maxsize=1_024)
def _own_hosts(site: Site) -> frozenset[str]:
    return frozenset(_host(origin) for origin in (site.url, *site.aliases))
