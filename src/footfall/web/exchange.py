"""A visit over HTTP: what a request says, and what is answered. Pure, without a server.

The server's counting routes (`counting`) and the function on Lambda take a request
apart and answer it by the same rules: these.

A page of any origin may count, and its script must read every answer, refusals too:
whether to send again depends on it. So each answer allows every origin and exposes
Retry-After; no answer depends on cookies.
"""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

import msgspec

from footfall.errors import FootfallError, InvalidInputError, StoreError
from footfall.visits.record import Result
from footfall.visits.site import Site
from footfall.visits.visit import Outcome, Submission
from footfall.web.bodies import check_json_type, check_size, decode
from footfall.web.problems import Headers, HttpError, problem_of

VISITS_PATH = "/v1/visits"
PIXEL_PATH = "/v1/pixel.gif"
COUNTING_PATHS = frozenset({VISITS_PATH, PIXEL_PATH})

_CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Retry-After, Footfall-Outcome"),
    (b"cache-control", b"no-store"),
]
_JSON: Headers = [*_CORS, (b"content-type", b"application/json")]
# The smallest transparent GIF: one pixel.
_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_DIGITS_MAX = 14
_WORTH_A_RETRY = frozenset({429, 503})

_METHODS = {VISITS_PATH: "POST", PIXEL_PATH: "GET"}

_decoder = msgspec.json.Decoder(Submission)
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its headers, and its body."""

    status: int
    headers: Headers
    body: bytes = b""


PREFLIGHT = Reply(
    204,
    [
        *_CORS,
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        (b"access-control-allow-headers", b"Content-Type"),
        (b"access-control-max-age", b"86400"),
    ],
)


def check_method(path: str, method: str) -> None:
    """Refuse a method that the counting route has not; OPTIONS is `PREFLIGHT`.

    Raises:
        HttpError: The method is another.
    """
    known = _METHODS[path]
    if method != known:
        allowed = f"{known}, OPTIONS"
        raise HttpError(
            405, "Method not allowed", f"{method} is none of {allowed}", allow=allowed
        )


def posted(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Submission:
    """The visit that a POST says.

    Raises:
        HttpError: The body is of another type, or too large.
        InvalidInputError: It is no visit; the field is named.
    """
    check_json_type(headers)
    check_size(body)
    return decode(_decoder, body)


def pixel_submission(
    query: bytes, headers: Iterable[tuple[bytes, bytes]], new_id: Callable[[], str]
) -> Submission:
    """The visit that a pixel's address says, or the page that the pixel is on.

    Args:
        query: The address's query.
        headers: The request's headers, names in lower case.
        new_id: Makes an id where there is none; nothing then tells a retry from
            another visit, so it counts again.

    Raises:
        InvalidInputError: A parameter is not valid.
    """
    fields = _pixel_fields(query)
    referer = next((value for name, value in headers if name == b"referer"), b"")
    return Submission(
        id=fields.get("id") or new_id(),
        url=fields.get("url") or referer.decode("latin-1"),
        referrer=fields.get("referrer"),
        width=_whole_number(fields, "width"),
        age=_whole_number(fields, "age"),
        event=fields.get("event"),
    )


def check_sender(site: Site, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Refuse a visit from a page whose origin may not send any to the site.

    A browser says the page's origin with every POST to another origin, and the page's
    address in Referer with an image. A request that says neither is no page's, and is
    let in: whoever writes it could as well write an origin that may.

    Raises:
        HttpError: The origin is another; the visit is not counted.
    """
    if not site.origins:
        return
    said = dict(headers)
    sender = said.get(b"origin") or b"/".join(said.get(b"referer", b"").split(b"/")[:3])
    origin = sender.decode("latin-1")
    if origin and origin not in site.origins:
        raise HttpError(
            403,
            "Origin not allowed",
            f"{site.url} takes no visits from pages of {origin!r}; its owner may add the"
            f" origin by `footfall sites change`",
        )


def answer(result: Result, *, private: bool) -> Reply:
    """What a POST is answered.

    Args:
        result: What became of the visit.
        private: Whether the site's total is for its owner alone.
    """
    if not isinstance(result, Outcome):
        return refusal(result)
    if private:
        result = msgspec.structs.replace(result, visits=None)
    return Reply(200, _JSON, _encode(result))


def image(result: Result) -> Reply:
    """What a pixel's request is answered.

    An image all the same where it is refused, since a page must not show a broken one;
    none where a retry is worth it, so that a script's image fails.
    """
    if isinstance(result, Outcome):
        return Reply(200, _image_headers(result.outcome), _GIF)
    problem = problem_of(_told_to_readers(result))
    further = [header for header in problem.headers if header[0] != b"content-type"]
    headers = [*_image_headers("refused"), *further]
    return Reply(
        problem.status, headers, b"" if problem.status in _WORTH_A_RETRY else _GIF
    )


def refusal(error: FootfallError) -> Reply:
    """An error as its problem document, which every origin may read."""
    problem = problem_of(_told_to_readers(error))
    return Reply(problem.status, [*_CORS, *problem.headers], problem.body)


def _told_to_readers(error: FootfallError) -> FootfallError:
    """The error without a store's own words, which may name accounts and tables."""
    if isinstance(error, StoreError):
        return StoreError("the store refused; the server's log says why")
    return error


def _pixel_fields(query: bytes) -> dict[str, str]:
    try:
        fields = dict(
            parse_qsl(
                query.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=10,
            )
        )
    except ValueError as error:
        raise InvalidInputError("query", f"cannot be read: {error}") from error
    known = Submission.__struct_fields__
    unknown = sorted(fields.keys() - set(known))
    if unknown:
        raise InvalidInputError(unknown[0], f"is no parameter: use {', '.join(known)}")
    return fields


def _whole_number(fields: dict[str, str], name: str) -> int | None:
    text = fields.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise InvalidInputError(name, "must be a whole number")
    return int(text)


def _image_headers(outcome: str) -> Headers:
    return [
        *_CORS,
        (b"content-type", b"image/gif"),
        (b"footfall-outcome", outcome.encode()),
    ]
