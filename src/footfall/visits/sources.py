"""Where a reader came from: the source that a referrer is, and the campaign of a link.

A source is a name that a person would use: "Google" for each of its hundred domains,
"Hacker News" for its host, and any other host names itself, without "www.", a port or a
dot at its end, in the letters that its owner chose ("münchen.de", not "xn--mnchen-3ya.de").
The site's own hosts, its aliases too, are no source. Another subdomain is one: it is
another site, and who comes from the shop to the blog came from somewhere.

A campaign is what the link's own parameters say, the largest first: `utm_campaign`,
`utm_source`, `utm_medium`, as "spring / newsletter / email", so that one campaign's
links stand side by side; or else `ref`. `utm_term` and `utm_content` tell adverts of one
campaign apart, and are left out.

Strangers choose what stands here. Only hosts are remembered, which DNS keeps short.
"""

import re
from functools import lru_cache
from unicodedata import normalize
from urllib.parse import parse_qsl, urlsplit

from footfall.visits.site import Site

CAMPAIGN_LENGTH_MAX = 100  # characters; longer ones are cut and end in an ellipsis
DIRECT = "direct"  # no referrer: typed, a bookmark, or withheld

_HOST_LENGTH_MAX = 253  # RFC 1035, 2.3.4, without the root's dot
_REMEMBERED_MAX = 4_096  # hosts, some 200 bytes each

# RFC 3986, 3: the host ends at a port, the path, the query or the fragment. What is
# longer than a scheme, a user name and a host can be has none.
_HOST = re.compile(
    r"(https?|android-app)://(?:[^/?#@\\]{0,256}@)?(\[[0-9a-f:.]*\]|[\w.-]*)(?=[:/?#]|$)"
)
_AUTHORITY_LENGTH_MAX = 600
_PUNYCODE = "xn--"

_PARTS = ("utm_campaign", "utm_source", "utm_medium")
_BETWEEN = " / "
_REF = "ref"  # GitHub's and GoatCounter's, and many a newsletter's
_PARAMETERS_MAX = 50

# A host, and every subdomain that is not here itself.
_BY_HOST = {
    "bsky.app": "Bluesky",
    "chatgpt.com": "ChatGPT",
    "claude.ai": "Claude",
    "cn.bing.com": "Bing",
    "bing.com": "Bing",
    "copilot.microsoft.com": "Copilot",
    "dev.to": "DEV",
    "discord.com": "Discord",
    "duckduckgo.com": "DuckDuckGo",
    "ecosia.org": "Ecosia",
    "facebook.com": "Facebook",
    "feedly.com": "Feedly",
    "gemini.google.com": "Gemini",
    "github.com": "GitHub",
    "gitlab.com": "GitLab",
    "hn.algolia.com": "Hacker News",
    "instagram.com": "Instagram",
    "kagi.com": "Kagi",
    "linkedin.com": "LinkedIn",
    "lnkd.in": "LinkedIn",
    "lobste.rs": "Lobsters",
    "mail.google.com": "Gmail",
    "medium.com": "Medium",
    "news.google.com": "Google News",
    "news.ycombinator.com": "Hacker News",
    "outlook.live.com": "Outlook",
    "outlook.office.com": "Outlook",
    "perplexity.ai": "Perplexity",
    "producthunt.com": "Product Hunt",
    "qwant.com": "Qwant",
    "reddit.com": "Reddit",
    "search.brave.com": "Brave Search",
    "slack.com": "Slack",
    "stackoverflow.com": "Stack Overflow",
    "startpage.com": "Startpage",
    "t.co": "X",
    "t.me": "Telegram",
    "teams.microsoft.com": "Microsoft Teams",
    "threads.com": "Threads",
    "threads.net": "Threads",
    "tiktok.com": "TikTok",
    "twitter.com": "X",
    "vk.com": "VK",
    "wa.me": "WhatsApp",
    "whatsapp.com": "WhatsApp",
    "wikipedia.org": "Wikipedia",
    "x.com": "X",
    "ya.ru": "Yandex",
    "youtu.be": "YouTube",
    "youtube.com": "YouTube",
}
# android-app://PACKAGE, which Chrome sends for a link in an app.
_BY_APP = {
    "com.facebook.katana": "Facebook",
    "com.google.android.gm": "Gmail",
    "com.google.android.googlequicksearchbox": "Google",
    "com.linkedin.android": "LinkedIn",
    "com.reddit.frontpage": "Reddit",
    "com.slack": "Slack",
    "com.twitter.android": "X",
    "org.telegram.messenger": "Telegram",
}
# Whoever has a domain in each country: google.de, google.co.uk, de.search.yahoo.com.
_WORLDWIDE = re.compile(
    r"(?:^|\.)(baidu|google|pinterest|yahoo|yandex)\.(?:[a-z]{2,3}|com?\.[a-z]{2})$"
)


def source_of(referrer: str | None, site: Site) -> str | None:
    """The source that a referrer is; None for the site's own pages.

    Args:
        referrer: The address of the page before, as the beacon sends it.
        site: The site that was visited.
    """
    if not referrer:
        return DIRECT
    scheme, host = _scheme_and_host(referrer)
    if not host:
        return DIRECT
    if scheme == "android-app":
        return _BY_APP.get(host, f"{host} (app)")
    return None if host in _own_hosts(site.url, site.aliases) else _named(host)


def campaign_of(url: str) -> str | None:
    """The campaign that a page's address names, by utm_* or ref; None if it has none."""
    if "utm_" not in url and f"{_REF}=" not in url:
        return None
    try:
        pairs = parse_qsl(urlsplit(url).query, max_num_fields=_PARAMETERS_MAX)
    except ValueError:  # more parameters than any campaign's link has
        return None
    # The first of a name counts, as it does for who wrote the link.
    parameters = dict(reversed(pairs))
    said = [_readable(parameters.get(name, "")) for name in _PARTS]
    named = _BETWEEN.join(part for part in said if part)
    campaign = named or _readable(parameters.get(_REF, ""))
    if len(campaign) > CAMPAIGN_LENGTH_MAX:
        return campaign[: CAMPAIGN_LENGTH_MAX - 1].rstrip() + "…"
    return campaign or None


def _readable(text: str) -> str:
    """A parameter on one line; "" if it has characters that show nothing."""
    text = " ".join(text.split())
    return text if text.isprintable() else ""


def _scheme_and_host(address: str) -> tuple[str, str]:
    """An address's scheme and host, in small letters; "" twice if it has none."""
    return _parsed(address[:_AUTHORITY_LENGTH_MAX])


@lru_cache(maxsize=_REMEMBERED_MAX)
def _parsed(address: str) -> tuple[str, str]:
    found = _HOST.match(address.lower())
    if found is None:
        return "", ""
    scheme, host = found.groups()
    host = host.removesuffix(".")
    if not 0 < len(host) <= _HOST_LENGTH_MAX:
        return "", ""
    bare = host.removeprefix("www.")
    # The domain www.com has no other name.
    return scheme, bare if "." in bare else host


@lru_cache(maxsize=_REMEMBERED_MAX)
def _named(host: str) -> str:
    labels = host.split(".")
    for start in range(len(labels) - 1):
        parent = ".".join(labels[start:])
        if parent in _BY_HOST:
            return _BY_HOST[parent]
    worldwide = _WORLDWIDE.search(host)
    if worldwide:
        return worldwide[1].capitalize()
    return ".".join(_in_letters(label) for label in labels)


def _in_letters(label: str) -> str:
    """A label of a host in the letters that it stands for (RFC 3492)."""
    if not label.startswith(_PUNYCODE):
        return label
    try:
        text = label.removeprefix(_PUNYCODE).encode("ascii").decode("punycode")
    except (UnicodeError, OverflowError):
        return label
    plain = all(letter.isalnum() or letter == "-" for letter in text)
    # One text has one form; what has another was made to look like something else.
    return text if plain and text == normalize("NFC", text).lower() else label


@lru_cache(maxsize=1_024)
def _own_hosts(url: str, aliases: tuple[str, ...]) -> frozenset[str]:
    # A key that was put in by hand may have no scheme.
    addresses = (
        each if "://" in each else f"https://{each}" for each in (url, *aliases)
    )
    return frozenset(_scheme_and_host(address)[1] for address in addresses)
