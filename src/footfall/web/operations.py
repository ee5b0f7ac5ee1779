"""What each route of the API takes and answers: the table that OpenAPI is made of.

A route that is not here, nor one of `PAGES`, fails a test, and so does an entry whose
route is gone. Bodies and answers are the structs by which the handlers decode and
encode, so their schemas cannot differ from what is sent.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from footfall.counters.countdown import Claim
from footfall.counters.named import Added
from footfall.visits.dimensions import BROKEN_DOWN
from footfall.visits.visit import Outcome, Submission
from footfall.web.badge_query import FORMATS
from footfall.web.badge_svg import STYLES
from footfall.web.badges import BadgeAnswer
from footfall.web.beacon import BeaconAnswer
from footfall.web.counters import Addition, CounterAnswer, Entry, NewCounter
from footfall.web.health import HealthAnswer, ReadyAnswer
from footfall.web.live import Numbers
from footfall.web.numbers import PERIODS
from footfall.web.sites import SiteAdded, SiteAnswer, SiteChanged, SitesAnswer
from footfall.web.stats import StatsAnswer

# For people; they are no interface.
PAGES = frozenset(
    {
        *("/", "/demo", "/demo/{page}", "/docs", "/login", "/logout", "/stats"),
        *("/sites", "/sites/new", "/sites/settings", "/sites/remove"),
    }
)

JSON, TEXT, SVG, GIF = "application/json", "text/plain", "image/svg+xml", "image/gif"
HTML, SCRIPT, EVENTS = "text/html", "text/javascript", "text/event-stream"
PROMETHEUS = "application/openmetrics-text"

Access = Literal["anybody", "published", "read", "count", "administer"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a request.

    Attributes:
        name: Its name.
        says: What it is.
        schema: Its JSON Schema.
        place: Where it stands.
        required: Whether it must be there.
    """

    name: str
    says: str
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string"})
    place: Literal["query", "path"] = "query"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a route.

    Attributes:
        path: The route's path, as it is registered.
        method: "GET", and so on.
        id: Its name, for whoever makes a client of the document.
        says: What it does, in a line.
        group: What it is of.
        access: Who may; "published" is whoever may read the site.
        answer: What a success tells: a type that is encoded as JSON, or None.
        status: The status of a success.
        media: The content types of a success.
        body: The type of the body, None if it has none.
        parameters: Of the query and the path.
        errors: Statuses of errors besides those that any request can meet.
        error_media: Content types of errors besides problems.
    """

    path: str
    method: str
    id: str
    says: str
    group: str
    access: Access = "anybody"
    answer: Any = None
    status: int = 200
    media: tuple[str, ...] = (JSON,)
    body: Any = None
    parameters: tuple[Parameter, ...] = ()
    errors: tuple[int, ...] = ()
    error_media: tuple[str, ...] = ()


def _one_of(values: tuple[str, ...] | list[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


_DAY = {"type": "string", "format": "date"}
_WHOLE = {"type": "integer", "minimum": 0}
_SITE = Parameter("site", "A site's address or host.", required=True)
_SITE_IF_ANY = Parameter("site", "The address or host of one site; all without it.")
_NAME = Parameter(
    "name", "The counter's name.", {"type": "string", "minLength": 1}, "path", True
)
_LOOKS = (
    Parameter("period", "Over what; the total unless told.", _one_of(list(PERIODS))),
    Parameter("count", "What is counted.", _one_of(["visits", "visitors"])),
    Parameter("label", "The text beside the number, at most 60 characters."),
    Parameter("color", "The number's color: a name, or hexadecimal."),
    Parameter("labelcolor", "The label's color; `labelColor` is the same."),
    Parameter("labelColor", "The label's color, in shields.io's spelling."),
    Parameter("style", "How the picture is drawn.", _one_of(list(STYLES))),
    Parameter("format", "How the number is written.", _one_of(list(FORMATS))),
)
_FRAME = (
    *(each for each in _LOOKS if each.name in {"period", "count", "label", "color"}),
    Parameter("format", "How the number is written.", _one_of(list(FORMATS))),
    Parameter("theme", "Of the page.", _one_of(["auto", "light", "dark"])),
    Parameter("refresh", "Seconds until it loads itself again; 0 for never.", _WHOLE),
)
_VISIT = (
    Parameter("url", "The page's address; the Referer header without it."),
    Parameter("id", "What makes the visit count once; made without it."),
    Parameter("referrer", "The address of the page before it."),
    Parameter("width", "The screen's width in CSS pixels.", _WHOLE),
    Parameter("age", "Milliseconds since the id was made.", _WHOLE),
    Parameter("event", "The name of a custom event."),
)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        *("/v1/visits", "POST", "countVisit"),
        "Count one visit, once for each id, and answer when it is durable.",
        "Counting",
        answer=Outcome,
        body=Submission,
        errors=(403, 404, 409, 413, 415),
    ),
    Operation(
        *("/v1/pixel.gif", "GET", "countVisitByPixel"),
        "The same by a picture; the outcome is in the header Footfall-Outcome.",
        "Counting",
        media=(GIF,),
        parameters=_VISIT,
        errors=(403, 404, 409),
        error_media=(GIF,),
    ),
    Operation(
        *("/hit.svg", "GET", "countVisitByBadge"),
        "Count one visit and show the number; each fetch counts.",
        "Counting",
        media=(SVG,),
        parameters=(Parameter("url", "The page's address.", required=True), *_LOOKS),
        errors=(403, 404, 409),
        error_media=(SVG,),
    ),
    Operation(
        *("/beacon.js", "GET", "beacon"),
        "The beacon's script.",
        "Beacon",
        media=(SCRIPT,),
        errors=(304,),
    ),
    Operation(
        *("/beacon.{version}.js", "GET", "beaconOfVersion"),
        "The beacon's script, under the name of a version.",
        "Beacon",
        media=(SCRIPT,),
        parameters=(
            Parameter("version", "A version.", {"type": "string"}, "path", True),
        ),
        errors=(304, 404),
    ),
    Operation(
        *("/beacon.json", "GET", "beaconNames"),
        "The script's name and its hash, for a page's tag.",
        "Beacon",
        answer=BeaconAnswer,
    ),
    Operation(
        *("/badge.svg", "GET", "badge"),
        "A site's number as a picture.",
        "Badges",
        media=(SVG,),
        parameters=(_SITE, *_LOOKS),
        errors=(304, 404, 409),
        error_media=(SVG,),
    ),
    Operation(
        *("/badge.json", "GET", "badgeAsJson"),
        "A site's number in shields.io's endpoint schema.",
        "Badges",
        answer=BadgeAnswer,
        parameters=(_SITE, *_LOOKS),
        errors=(304, 404, 409),
    ),
    Operation(
        *("/badge.txt", "GET", "badgeAsText"),
        "A site's number as digits on one line.",
        "Badges",
        media=(TEXT,),
        parameters=(_SITE, *_LOOKS),
        errors=(304, 404, 409),
    ),
    Operation(
        *("/embed.html", "GET", "badgeAsPage"),
        "A site's number as a page for an iframe.",
        "Badges",
        media=(HTML,),
        parameters=(_SITE, *_FRAME),
        errors=(304, 404, 409),
        error_media=(HTML,),
    ),
    Operation(
        *("/v1/sites", "GET", "listSites"),
        "All sites, or one, with settings and numbers.",
        "Sites",
        "published",
        answer=SitesAnswer,
        parameters=(_SITE_IF_ANY,),
        errors=(404,),
    ),
    Operation(
        *("/v1/sites", "POST", "addSite"),
        "Add a site.",
        "Sites",
        "administer",
        answer=SiteAnswer,
        status=201,
        body=SiteAdded,
        errors=(409, 413, 415),
    ),
    Operation(
        *("/v1/sites", "PATCH", "changeSite"),
        "Change what is given of a site.",
        "Sites",
        "administer",
        answer=SiteAnswer,
        body=SiteChanged,
        parameters=(_SITE,),
        errors=(404, 413, 415),
    ),
    Operation(
        *("/v1/sites", "DELETE", "removeSite"),
        "Remove a site and all that was counted for it.",
        "Sites",
        "administer",
        status=204,
        parameters=(_SITE,),
        errors=(404,),
    ),
    Operation(
        *("/v1/stats", "GET", "stats"),
        "A site's total, and its numbers by day, hour or what it is broken down by.",
        "Statistics",
        "published",
        answer=StatsAnswer,
        parameters=(
            _SITE,
            Parameter("from", "The first day; 30 days before the last.", _DAY),
            Parameter("to", "The last day; today.", _DAY),
            Parameter(
                "by",
                "By what; days unless told.",
                _one_of(["day", "hour", *BROKEN_DOWN]),
            ),
        ),
        errors=(404, 409),
    ),
    Operation(
        *("/v1/live", "GET", "live"),
        "A site's numbers now; as they move with Accept: text/event-stream.",
        "Statistics",
        "published",
        answer=Numbers,
        media=(JSON, EVENTS),
        parameters=(_SITE,),
        errors=(404, 409),
    ),
    Operation(
        *("/v1/counters/{name}", "GET", "counter"),
        "A counter's number, or a count-down's.",
        "Counters",
        answer=CounterAnswer,
        parameters=(_NAME,),
        errors=(404, 409),
    ),
    Operation(
        *("/v1/counters/{name}", "PUT", "createCounter"),
        "Create a counter, or with a floor a count-down.",
        "Counters",
        "administer",
        answer=CounterAnswer,
        status=201,
        body=NewCounter,
        parameters=(_NAME,),
        errors=(409, 413, 415),
    ),
    Operation(
        *("/v1/counters/{name}", "DELETE", "deleteCounter"),
        "Delete a counter, or a count-down with its claims.",
        "Counters",
        "administer",
        status=204,
        parameters=(_NAME,),
        errors=(404,),
    ),
    Operation(
        *("/v1/counters/{name}/add", "POST", "addToCounter"),
        "Add an amount, once for each id.",
        "Counters",
        "count",
        answer=Added,
        body=Addition,
        parameters=(_NAME,),
        errors=(404, 409, 413, 415),
    ),
    Operation(
        *("/v1/counters/{name}/claim", "POST", "claim"),
        "Take a place of a count-down; the same id hears the same.",
        "Counters",
        "count",
        answer=Claim,
        body=Entry,
        parameters=(_NAME,),
        errors=(404, 409, 413, 415),
    ),
    Operation(
        *("/healthz", "GET", "alive"),
        "Whether the process answers, and its store.",
        "Operation",
        answer=HealthAnswer,
    ),
    Operation(
        *("/readyz", "GET", "ready"),
        "Whether the store answers and takes visits; 503 if not.",
        "Operation",
        answer=ReadyAnswer,
    ),
    Operation(
        *("/metrics", "GET", "metrics"),
        "Numbers for Prometheus.",
        "Operation",
        "read",
        media=(TEXT, PROMETHEUS),
    ),
    Operation(
        *("/openapi.json", "GET", "document"),
        "This document.",
        "Operation",
        answer=dict[str, Any],
    ),
)
