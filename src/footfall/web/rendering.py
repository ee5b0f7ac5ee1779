"""Makes pages of the templates: escaped by default, and under a policy without inline.

Whoever changes a template needs no build: it is read when the server starts.
"""

from html import escape
from typing import Any
from urllib.parse import urlencode

import jinja2
import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall.errors import FootfallError
from footfall.web import labels
from footfall.web.answers import NO_STORE
from footfall.web.problems import NotSignedInError, problem_of

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "interest-cohort=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
HTML = "text/html; charset=utf-8"


class Renderer:
    """The templates, loaded once."""

    def __init__(self) -> None:
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("footfall.web"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "bar_percent": labels.bar_percent,
            "change": labels.change_label,
            "day": labels.day_label,
            "grouped": labels.grouped,
            "percent": labels.percent,
            "site_name": labels.site_name,
            "spark_line": labels.spark_line,
        }
        # What a page does not say otherwise.
        self._templates.globals["signed_in"] = False

    def text(self, template: str, **values: Any) -> str:
        """A template's text."""
        return self._templates.get_template(template).render(**values)

    def page(self, template: str, **values: Any) -> Response:
        """A template as a whole page."""
        return Response(self.text(template, **values), 200, PAGE_HEADERS, HTML)

    def problem(self, error: FootfallError) -> Response:
        """An error as a page, with the status that its problem document has.

        Whoever is not signed in is led to where they can be, and from there back.
        """
        if isinstance(error, NotSignedInError):
            path = f"/login?{urlencode({'next': error.back_to})}"
            return RedirectResponse(path, 303, NO_STORE)
        problem = problem_of(error)
        said = msgspec.json.decode(problem.body)
        headers = {name.decode(): value.decode() for name, value in problem.headers}
        headers.pop("content-type", None)
        text = self.text("problem.html", title=said["title"], detail=said["detail"])
        return Response(text, problem.status, {**headers, **PAGE_HEADERS}, HTML)


def base_url(request: Request) -> str:
    """The address under which this page was opened."""
    # HTTP/1.0 has no Host; only a stranger's program speaks it.
    return f"{request.url.scheme}://{request.headers.get('host', 'HOST')}"


def snippet(base_url: str) -> Markup:
    """The one line that a page needs, as it is shown for copying."""
    line = f'<script async src="{base_url}/beacon.js"></script>'
    return Markup(escape(line))
