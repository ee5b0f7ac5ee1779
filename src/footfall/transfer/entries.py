"""What a line of a log says: a view of a page, a robot's, an event; or why it is none.

A request is a view if it is a GET that was answered with 200 or 304, for what is no
asset. Its address is not even read: it would tell one reader from another, but not which
of them came on a day that is over, since that day's salt is gone.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

from footfall.errors import InvalidInputError
from footfall.visits.agents import agent_of
from footfall.visits.reader import Reader, values_of
from footfall.visits.site import Located, Site, SiteIndex

ASSETS = (
    *("css", "js", "mjs", "map", "json", "xml", "txt", "webmanifest", "wasm"),
    *("png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "bmp"),
    *("woff", "woff2", "ttf", "otf", "eot"),
    *("mp3", "mp4", "m4a", "webm", "ogg", "wav", "avi", "mov"),
    *("zip", "gz", "tar", "7z", "rar", "exe", "dmg", "iso"),
)

_REMEMBERED_MAX = 32_768  # different requests, some 500 bytes each

Kind = Literal["view", "robot", "event"]


class Entry(NamedTuple):
    """What a line counts.

    Attributes:
        at_ms: Its time, milliseconds since the epoch.
        kind: Only a view moves the site's number.
        values: Its value of each dimension that the site is broken down by.
        identity: What is the same in another copy of the line, and in no other line.
    """

    at_ms: int
    kind: Kind
    values: tuple[tuple[str, str], ...]
    identity: bytes


Parsed = Entry | str  # or the reason why a line is filtered


class PageViews:
    """Tells which requests are views of a site's pages.

    Args:
        site: The site.
        assets: The extensions of what is no page, without dots, in lower case.
    """

    def __init__(self, site: Site, assets: Iterable[str] = ASSETS) -> None:
        self.site = site
        self._assets = frozenset(assets)
        self._index = SiteIndex((site,))
        self._origin = "/".join(site.url.split("/", 3)[:3])
        if "://" not in self._origin:  # a key made by hand may be a bare host
            self._origin = f"https://{site.url.split('/', 1)[0]}"
        self._counted: Callable[[str, str, str], tuple[Kind, Values] | str] = lru_cache(
            _REMEMBERED_MAX
        )(self._look)

    def entry(
        self,
        at_ms: int,
        method: str,
        target: str,
        status: str,
        referrer: str,
        agent: str,
        identity: bytes,
    ) -> Parsed:
        """The entry of a request, or why it is filtered.

        Raises:
            InvalidInputError: Its target is no address.
        """
        if method != "GET":
            return "method"
        if status not in ("200", "304"):
            return "status"
        found = self._counted(target, referrer, agent)
        if isinstance(found, str):
            return found
        return Entry(at_ms, *found, identity)

    def locate(self, target: str) -> Located | None:
        """The page of the site that a path or an address is; None if it is none.

        Raises:
            InvalidInputError: It is no address.
        """
        return self._index.locate(self._url(target))

    def _url(self, target: str) -> str:
        return f"{self._origin}{target}" if target.startswith("/") else target

    def _look(
        self, target: str, referrer: str, agent: str
    ) -> "tuple[Kind, Values] | str":
        url = self._url(target)
        located = self._index.locate(url)
        if located is None:
            return "elsewhere"
        if _extension(located.page) in self._assets:
            return "asset"
        program = agent_of(agent)
        if program.is_robot:
            return "robot", (("robot", program.browser),)
        values = values_of(
            Reader(program),
            self.site,
            located.page,
            url=url,
            referrer=referrer,
            width=None,
        )
        return "view", values


Values = tuple[tuple[str, str], ...]


def _extension(page: str) -> str:
    name = page.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def refuse(problem: str) -> InvalidInputError:
    """What is raised for a line that cannot be read."""
    return InvalidInputError("line", problem)
