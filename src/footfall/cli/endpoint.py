"""Whether an address counts visits, asked as a page's script would ask.

The visit that is sent has no id, so nothing is ever counted by it: a Footfall answers 400
and names the field. Whatever else is answered says what stands in between.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from footfall.errors import InvalidInputError
from footfall.visits.checkup import Finding
from footfall.visits.site import parse_http_url
from footfall.web.exchange import VISITS_PATH

ANSWER_SECONDS_MAX = 35  # a gateway gives up after 30
_ALLOWED = "access-control-allow-origin"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def is_ours(self) -> bool:
        """Whether a Footfall said it: a problem that names the field."""
        try:
            said = json.loads(self.body)
        except ValueError:
            return False
        return isinstance(said, dict) and said.get("field") == "id"


def check_endpoint(url: str, origins: list[str]) -> Iterator[Finding]:
    """Look at an address: whether it answers, and whether pages may read it.

    Args:
        url: The address before /v1/visits.
        origins: The sites', as "https://example.com".

    Raises:
        InvalidInputError: The address is no http or https URL.
    """
    parse_http_url(url, "url")
    target = url.rstrip("/") + VISITS_PATH
    for origin in origins or ["https://example.com"]:
        try:
            answer = _ask(target, origin)
        except (OSError, urllib.error.URLError) as error:
            reason = getattr(error, "reason", error)
            yield Finding(target, f"does not answer: {reason}; see that it is right")
            return
        problem = _problem(answer)
        if problem is not None:
            yield Finding(target, problem)
            return
        yield Finding(f"CORS for {origin}", _cors_problem(answer, origin))


def _ask(target: str, origin: str) -> _Answer:
    request = urllib.request.Request(
        target,
        b'{"id":"","url":"%s/"}' % origin.encode(),
        {"Content-Type": "text/plain", "Origin": origin, "User-Agent": "curl/footfall"},
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:
            return _Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return _Answer(error.code, error.headers, error.read())


def _problem(answer: _Answer) -> str | None:
    if answer.is_ours:
        return None
    status = answer.status
    if status == 403:
        return (
            "answers 403 Forbidden before Footfall is asked; a Function URL must have"
            " the auth type NONE, not AWS_IAM, and allow lambda:InvokeFunctionUrl to *;"
            " an HTTP API must have no authorizer on this route"
        )
    if status == 404:
        return (
            "answers 404, and no Footfall did: give the address without a path, and see"
            " that the API's $default route leads to the function"
        )
    if status == 429:
        return (
            "answers 429: the API or the function is at its ceiling; raise it, or wait"
        )
    if status >= 500:
        return (
            f"answers {status}, and no Footfall did: the function failed or was too"
            f" late, and its log says why"
        )
    return f"answers {status}, and it is no Footfall that answers"


def _cors_problem(answer: _Answer, origin: str) -> str | None:
    allowed = answer.headers.get_all(_ALLOWED) or []
    values = [value.strip() for each in allowed for value in each.split(",")]
    if not values:
        return (
            f"the answer has no {_ALLOWED}, so that a page cannot read it; add {origin}"
            f" to the API's CORS origins"
        )
    if len(values) > 1:
        return (
            f"the answer has {_ALLOWED} twice ({', '.join(values)}), which browsers"
            f" refuse; remove the CORS settings of the Function URL or the proxy, since"
            f" Footfall answers CORS itself"
        )
    if values[0] not in ("*", origin):
        return f"pages of {values[0]} may read the answer, and {origin} may not; add it"
    return None


def origin_of(url: str) -> str | None:
    """A site's origin, None where its key is no address."""
    try:
        parts = parse_http_url(url, "site")
    except InvalidInputError:
        return None
    return f"{parts.scheme}://{parts.netloc}"
