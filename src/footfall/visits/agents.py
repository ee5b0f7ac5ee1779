"""What a reader's program is: its browser, its system, and whether it is a robot's.

Both lists are kept by others and grow each month: ua-parser's expressions (the
uap-core project) name browsers and systems, crawler-user-agents names robots
(docs/decisions/0003-dependencies.md). They are loaded with the first user agent, since
they take 30 MB and a seventh of a second. A user agent comes again and again, so what
was found is remembered.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

USER_AGENT_LENGTH_MAX = 512  # characters; longer ones are cut
_REMEMBERED_MAX = 4_096  # user agents, some 1 KB each

UNKNOWN = "unknown"

# What ua-parser tells apart and a site's owner does not.
_BROWSERS = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Opera Mobile": "Opera",
    "Samsung Internet": "Samsung",
}
_SYSTEMS = {
    "Chrome OS": "ChromeOS",
    "Mac OS X": "macOS",
    "Ubuntu": "Linux",
    "Debian": "Linux",
    "Fedora": "Linux",
}


@dataclass(frozen=True, slots=True)
class Agent:
    """A user agent, as a site's owner would name it.

    Attributes:
        browser: "Firefox", or a robot's name; `UNKNOWN` where nobody knows it.
        system: "Android"; `UNKNOWN` where nobody knows it.
        is_robot: Whether it is no person's browser.
    """

    browser: str
    system: str
    is_robot: bool


NO_AGENT = Agent(UNKNOWN, UNKNOWN, is_robot=False)  # a program that nobody knows

# A person's own tools, which the robots' list names too: who sends a visit by hand
# means it.
_TOOLS = ("curl/", "Wget/", "HTTPie/", "python-", "Python-", "Go-http-client/")


@lru_cache(maxsize=_REMEMBERED_MAX)
def agent_of(user_agent: str) -> Agent:
    """What a User-Agent header says; "" is a program that nobody knows."""
    user_agent = user_agent[:USER_AGENT_LENGTH_MAX]
    if not user_agent or user_agent.startswith(_TOOLS):
        return NO_AGENT
    found = _parser().parse(user_agent)
    browser = found.user_agent.family if found.user_agent else UNKNOWN
    system = found.os.family if found.os else UNKNOWN
    spider = found.device is not None and found.device.family == "Spider"
    return Agent(
        _BROWSERS.get(browser, browser),
        _SYSTEMS.get(system, system),
        is_robot=spider or _robots().is_crawler(user_agent),
    )


@cache
def _parser() -> Any:
    import ua_parser

    return ua_parser


@cache
def _robots() -> Any:
    import crawleruseragents

    return crawleruseragents
