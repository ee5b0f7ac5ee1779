"""User agents of today, as a site's owner would name them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.visits.agents import (
    NAME_LENGTH_MAX,
    NO_AGENT,
    UNKNOWN,
    USER_AGENT_LENGTH_MAX,
    Agent,
    agent_of,
)

# Brave says that it is Chrome, and since 2019 most iPads that they are a Mac.
BROWSERS = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
        " (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        "Chrome",
        "Windows",
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like"
        " Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
        "Chrome",
        "Android",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"
        " AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0"
        " Mobile/15E148 Safari/604.1",
        "Chrome",
        "iOS",
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36"
        " (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        "Chrome",
        "ChromeOS",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
        " (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
        "Edge",
        "Windows",
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; HD1913) AppleWebKit/537.36 (KHTML,"
        " like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36 EdgA/142.0.0.0",
        "Edge",
        "Android",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"
        " AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0"
        " EdgiOS/142.0.0.0 Mobile/15E148 Safari/605.1.15",
        "Edge",
        "iOS",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101"
        " Firefox/145.0",
        "Firefox",
        "Windows",
    ),
    (
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:145.0) Gecko/20100101"
        " Firefox/145.0",
        "Firefox",
        "Linux",
    ),
    (
        "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
        "Firefox",
        "Android",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"
        " AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/145.0"
        " Mobile/15E148 Safari/605.1.15",
        "Firefox",
        "iOS",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
        " AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0"
        " Safari/605.1.15",
        "Safari",
        "macOS",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)"
        " AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0"
        " Mobile/15E148 Safari/604.1",
        "Safari",
        "iOS",
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15"
        " (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        "Safari",
        "iPadOS",
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like"
        " Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
        "Samsung Internet",
        "Android",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
        " (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0",
        "Opera",
        "Windows",
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like"
        " Gecko) Chrome/140.0.0.0 Mobile Safari/537.36 OPR/92.0.0.0",
        "Opera",
        "Android",
    ),
    (
        "Mozilla/5.0 (Linux; Android 15; SM-S928B Build/AP3A.240905.015;"
        " wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
        " Chrome/142.0.7444.48 Mobile Safari/537.36",
        "Chrome",
        "Android",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"
        " AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram"
        " 385.0.0.30.79 (iPhone16,2; iOS 18_5; en_US; en; scale=3.00;"
        " 1290x2796; 738024000)",
        "Instagram",
        "iOS",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"
        " AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
        " [FBAN/FBIOS;FBAV/516.0.0.40.87;FBBV/742000000;FBDV/iPhone16,2;FBMD/iPhone;FBSN/iOS;FBSV/18.5;FBSS/3;FBID/phone;FBLC/en_US;FBOP/5]",
        "Facebook",
        "iOS",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"
        " AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Safari",
        "iOS",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like"
        " Gecko) Chrome/142.0.0.0 Safari/537.36 Vivaldi/7.6",
        "Vivaldi",
        "Linux",
    ),
    (
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36"
        " (KHTML, like Gecko) Chrome/142.0.0.0 Mobile DuckDuckGo/5"
        " Safari/537.36",
        "DuckDuckGo",
        "Android",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "Internet Explorer",
        "Windows",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
        " (KHTML, like Gecko) Chrome/142.0.0.0 YaBrowser/25.10.0 Yowser/2.5"
        " Safari/537.36",
        "Yandex Browser",
        "Windows",
    ),
]
ROBOTS = [
    (
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Googlebot",
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible;"
        " bingbot/2.0; +http://www.bing.com/bingbot.htm)"
        " Chrome/116.0.1938.76 Safari/537.36",
        "bingbot",
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible;"
        " GPTBot/1.2; +https://openai.com/gptbot)",
        "GPTBot",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like"
        " Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
        "HeadlessChrome",
    ),
    (
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P)"
        " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.7444.59"
        " Mobile Safari/537.36 (compatible; Googlebot/2.1;"
        " +http://www.google.com/bot.html)",
        "Googlebot",
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible;"
        " ClaudeBot/1.0; +claudebot@anthropic.com)",
        "ClaudeBot",
    ),
    (
        "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        "YandexBot",
    ),
    (
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "facebookexternalhit",
    ),
    (
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        "AhrefsBot",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36"
        " (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
        " Chrome-Lighthouse",
        "Chrome-Lighthouse",
    ),
    (
        "Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
        "UptimeRobot",
    ),
    (
        "UnheardOfBot/1.0 (+https://bot.example)",
        "UnheardOfBot",
    ),
]


@pytest.mark.parametrize(("user_agent", "browser", "system"), BROWSERS)
def test_a_persons_browser_is_named(user_agent: str, browser: str, system: str) -> None:
    """The browser and the system, whatever device they run on."""
    assert agent_of(user_agent) == Agent(browser, system, is_robot=False)


@pytest.mark.parametrize(("user_agent", "name"), ROBOTS)
def test_a_robot_is_told_from_a_person(user_agent: str, name: str) -> None:
    """By a list that others keep, and by its own name: one is nobody's browser."""
    agent = agent_of(user_agent)

    assert agent.is_robot
    assert agent.browser == name


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("curl/8.14.1", "curl"),
        ("Wget/1.24", "Wget"),
        ("python-requests/2.32.3", "Python Requests"),
        ("Python-urllib/3.11", "Python-urllib"),
        ("Go-http-client/1.1", "Go-http-client"),
        ("HTTPie/3.2.4", "HTTPie"),
    ],
)
def test_a_persons_own_tool_is_no_robot(user_agent: str, name: str) -> None:
    """No page's script runs in it: whoever sends a visit with it means it."""
    assert agent_of(user_agent) == Agent(name, UNKNOWN, is_robot=False)


@pytest.mark.parametrize(
    ("device", "browser"),
    [
        # Cubot makes telephones, and Silk is a tablet's browser.
        ("Android 11; CUBOT X50) %s Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome"),
        (
            "Android 9; KFMAWI) %s Silk/140.2.1 like Chrome/140 Safari/537.36",
            "Amazon Silk",
        ),
    ],
)
def test_what_is_called_like_a_robot_may_be_a_persons(
    device: str, browser: str
) -> None:
    """Lists that guess by a part of a word take these for robots."""
    engine = "AppleWebKit/537.36 (KHTML, like Gecko)"

    agent = agent_of(f"Mozilla/5.0 (Linux; {device % engine}")

    assert (agent.is_robot, agent.browser) == (False, browser)


@pytest.mark.parametrize("user_agent", ["", " ", "garbage", "Mozilla/5.0", "$1 \\1"])
def test_nobody_knows_what_says_nothing(user_agent: str) -> None:
    """It counts all the same: only who calls itself a robot is one."""
    assert agent_of(user_agent) == NO_AGENT


@given(st.text(st.characters(max_codepoint=255), max_size=2_000))
def test_whatever_a_stranger_sends_has_a_short_name(user_agent: str) -> None:
    """It becomes an attribute's name in the store and a line on a page."""
    for text in (user_agent, f"Mozilla/5.0 (compatible; {user_agent}bot/1.0)"):
        agent = agent_of(text)
        for name in (agent.browser, agent.system):
            assert 0 < len(name) <= NAME_LENGTH_MAX
            assert name.isprintable()
            assert name == name.strip()


def test_what_is_too_long_is_cut() -> None:
    """No browser's is as long; what stands behind is not looked at."""
    long = "x" * USER_AGENT_LENGTH_MAX

    assert agent_of(long + " Googlebot/2.1") == NO_AGENT
    assert agent_of("Googlebot/2.1 " + "x" * 1_000_000).is_robot
