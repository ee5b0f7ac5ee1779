"""What a reader's program is: its browser, its system, and whether it is a robot's.

Both lists are kept by others and grow each month: ua-parser's expressions (the
uap-core project) name browsers and systems, crawler-user-agents names robots
(docs/decisions/0003-dependencies.md). ua-parser's third list, of devices, is not
loaded: it is half of its memory, and takes whoever is called like a robot for one. What
is loaded takes 16 MB and a seventh of a second, with the first user agent; a new one
then takes a fifth of a millisecond, and since it comes again and again, what was found
is remembered.

A program that calls itself by a person's own tool (curl, an HTTP library) is no robot,
though the robots' list has it: no page's script runs in it, so whoever sends a visit
with it means it.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

USER_AGENT_LENGTH_MAX = 512  # characters; longer ones are cut
NAME_LENGTH_MAX = 60  # characters; some expressions take a name from the user agent

_REMEMBERED_MAX = 4_096  # user agents, some 1 KB each

UNKNOWN = "unknown"

# What ua-parser tells apart and a site's owner does not: one browser's phones, its
# embedding in another program, one system's makers.
_FINER = re.compile(r"( Mobile)?( iOS| WebView)?$")
_BROWSERS = {
    "Chromium": "Chrome",
    "Edge WebView2": "Edge",
    "Firefox (Gecko)": "Firefox",
    "IE": "Internet Explorer",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Safari UI/WKWebView": "Safari",
}
_SYSTEMS = {
    "Chrome OS": "ChromeOS",
    "Mac OS X": "macOS",
    **dict.fromkeys(
        [
            *("Arch Linux", "CentOS", "Debian", "Fedora", "Gentoo", "Kubuntu"),
            *("Linux Mint", "Mageia", "Mandriva", "Puppy", "Red Hat", "Slackware"),
            *("SUSE", "Ubuntu"),
        ],
        "Linux",
    ),
}
# An iPad that says so; since 2019 most say that they are a Mac.
_TABLET, _PHONE_SYSTEM, _TABLET_SYSTEM = "iPad", "iOS", "iPadOS"

_TOOLS = ("curl/", "Wget/", "HTTPie/", "python-", "Python-", "Go-http-client/")

# What robots that are on no list yet say of themselves, and no browser does: the page
# that explains them.
_ITS_PAGE = re.compile(r"\+https?://")

# So many of the list's expressions are tried as one: fewer or more are slower.
_TOGETHER = 25


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


@lru_cache(maxsize=_REMEMBERED_MAX)
def agent_of(user_agent: str) -> Agent:
    """What a User-Agent header says; "" is a program that nobody knows."""
    user_agent = user_agent[:USER_AGENT_LENGTH_MAX]
    if not user_agent:
        return NO_AGENT
    found = _parser()(user_agent)
    browser = _name(found.user_agent, _BROWSERS)
    system = _name(found.os, _SYSTEMS)
    if system == _PHONE_SYSTEM and _TABLET in user_agent:
        system = _TABLET_SYSTEM
    robot = None if user_agent.startswith(_TOOLS) else _robot(user_agent)
    if robot is None:
        return Agent(browser, system, is_robot=False)
    return Agent(robot or browser, system, is_robot=True)


def _name(found: Any, folded: dict[str, str]) -> str:
    if found is None or not found.family:
        return UNKNOWN
    family: str = found.family
    if family in folded:
        return folded[family]
    return _shown(_FINER.sub("", family)) or UNKNOWN


def _robot(user_agent: str) -> str | None:
    """A robot's name, "" if it has none; None for a person's browser."""
    for several in _robots():
        found = several.search(user_agent)
        if found:
            # An expression names a robot, or its page, and what stands around it.
            name = found[0].strip(" /();,-")
            return _shown("" if "/" in name or "." in name else name)
    return "" if _ITS_PAGE.search(user_agent) else None


def _shown(name: str) -> str:
    """A name that an expression took from a stranger's header, fit to be shown."""
    return name[:NAME_LENGTH_MAX].strip() if name.isprintable() else ""


@cache
def _parser() -> Any:
    from ua_parser import Domain
    from ua_parser.loaders import load_lazy_builtins
    from ua_parser.regex import Resolver

    browsers, systems, _ = load_lazy_builtins()
    resolver = Resolver((browsers, systems, []))
    return lambda user_agent: resolver(user_agent, Domain.USER_AGENT | Domain.OS)


@cache
def _robots() -> list[re.Pattern[str]]:
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    patterns = [robot["pattern"] for robot in CRAWLER_USER_AGENTS_DATA]
    return [
        re.compile("|".join(patterns[start : start + _TOGETHER]))
        for start in range(0, len(patterns), _TOGETHER)
    ]
