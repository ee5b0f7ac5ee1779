"""The owner's forms: a site is added, its settings are changed, and it is removed.

Plain forms that work without a script. What is not valid is said beside its field, with
what was typed still there; what was done leads on, so that reloading does nothing again.
"""

from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import urlencode
from zoneinfo import available_timezones

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall.counters.port import Store
from footfall.errors import (
    AlreadyExistsError,
    FootfallError,
    InvalidInputError,
    SiteNotFoundError,
)
from footfall.visits.site import DIMENSIONS, Site
from footfall.visits.sites import add_site, change_site, load_sites, remove_site
from footfall.web.access import check_owner, is_signed_in
from footfall.web.answers import NO_STORE, in_thread, query_of
from footfall.web.bodies import form_of
from footfall.web.directory import SiteDirectory
from footfall.web.labels import site_name
from footfall.web.rendering import Renderer, base_url, snippet

NEW_PATH, SETTINGS_PATH = "/sites/new", "/sites/settings"

_DIGITS_MAX = 15

Form = dict[str, list[str]]


class Manage:
    """The forms' routes."""

    def __init__(
        self, store: Store, directory: SiteDirectory, renderer: Renderer
    ) -> None:
        self._store = store
        self._directory = directory
        self._renderer = renderer
        self._zones = sorted(available_timezones())

    async def new(self, request: Request) -> Response:
        """The form that adds a site."""
        try:
            check_owner(request)
            query_of(request)
        except FootfallError as error:
            return self._renderer.problem(error)
        return self._new(request, {}, None)

    async def add(self, request: Request) -> Response:
        """Add a site, and show what to paste."""
        form: Form = {}
        try:
            check_owner(request)
            form = await form_of(request)
            site = await in_thread(_add, self._store, form)
        except (InvalidInputError, AlreadyExistsError) as error:
            return self._new(request, form, error)
        except FootfallError as error:
            return self._renderer.problem(error)
        await self._directory.refresh()
        return _lead_to(SETTINGS_PATH, site.url, said="added")

    async def settings(self, request: Request) -> Response:
        """What is set of a site, and what to paste for it."""
        try:
            check_owner(request)
            query = query_of(request, "site", "said")
            site = self._directory.sites.named(query.get("site", ""))
        except FootfallError as error:
            return self._renderer.problem(error)
        return self._settings(request, site, {}, None, query.get("said", ""))

    async def change(self, request: Request) -> Response:
        """Change what the form says."""
        form: Form = {}
        try:
            check_owner(request)
            form = await form_of(request)
            site = self._directory.sites.named(_text(form, "site"))
            try:
                await in_thread(_change, self._store, site, form)
            except InvalidInputError as error:
                return self._settings(request, site, form, error)
        except FootfallError as error:
            return self._renderer.problem(error)
        await self._directory.refresh()
        return _lead_to(SETTINGS_PATH, site.url, said="changed")

    async def remove(self, request: Request) -> Response:
        """Remove a site whose name was typed."""
        try:
            check_owner(request)
            form = await form_of(request)
            site = self._directory.sites.named(_text(form, "site"))
            if _text(form, "name").strip() != site_name(site):
                wrong = InvalidInputError(
                    "name", f"type {site_name(site)} to remove the site"
                )
                return self._settings(request, site, form, wrong)
            await in_thread(remove_site, self._store, site)
        except FootfallError as error:
            return self._renderer.problem(error)
        await self._directory.refresh()
        return RedirectResponse("/sites", 303, NO_STORE)

    def _short_name(self, site: Site) -> str:
        """Its host and path, where they name no other site too; else its address."""
        try:
            return site_name(self._directory.sites.named(site_name(site)))
        except SiteNotFoundError:
            return site.url

    def _new(
        self, request: Request, form: Form, error: FootfallError | None
    ) -> Response:
        answer = self._renderer.page(
            "new_site.html",
            signed_in=is_signed_in(request),
            form=_typed(form, {"visits": "0", "timezone": "UTC"}),
            errors=_errors(error),
            zones=self._zones,
        )
        answer.status_code = _status(error)
        return answer

    def _settings(
        self,
        request: Request,
        site: Site,
        form: Form,
        error: InvalidInputError | None,
        said: str = "",
    ) -> Response:
        here = base_url(request)
        answer = self._renderer.page(
            "settings.html",
            signed_in=is_signed_in(request),
            site=site,
            name=site_name(site),
            form=_typed(form, _stored(site)),
            chosen=form.get("dimensions", []) if form else site.dimensions,
            errors=_errors(error),
            said=said,
            dimensions=DIMENSIONS,
            snippet=snippet(here),
            base_url=here,
            query=urlencode({"site": site.url}),
            shown=urlencode({"site": self._short_name(site)}),
        )
        answer.status_code = _status(error)
        return answer


def _add(store: Store, form: Form) -> Site:
    return add_site(
        store,
        _text(form, "site"),
        visits=_number(form, "visits"),
        timezone=_text(form, "timezone") or "UTC",
        private="private" in form,
    )


def _change(store: Store, site: Site, form: Form) -> Site:
    seen = _text(form, "seen")
    if seen not in {"total", "page", "private"}:
        raise InvalidInputError("seen", "must be one of the three")
    return change_site(
        store,
        # As it is now: what the page showed may be older than its own last change.
        load_sites(store).named(site.url),
        private=seen == "private",
        published=seen == "page",
        dimensions=tuple(
            each for each in DIMENSIONS if each in form.get("dimensions", [])
        ),
        origins=tuple(_text(form, "origins").split()),
        rate_limit=_number(form, "rate_limit"),
        retention_days=_number(form, "retention_days"),
    )


def _stored(site: Site) -> dict[str, str]:
    seen = "private" if site.private else "page" if site.published else "total"
    return {
        "seen": seen,
        "origins": "\n".join(site.origins),
        "rate_limit": str(site.rate_limit),
        "retention_days": str(site.retention_days),
        "name": "",
    }


def _typed(form: Form, stored: Mapping[str, str]) -> dict[str, str]:
    """What the fields hold: what was typed, or what is so."""
    return {
        "site": "",
        "private": "",
        **stored,
        **{name: texts[-1] for name, texts in form.items()},
    }


def _errors(error: FootfallError | None) -> Mapping[str, str]:
    """What is wrong with each field; "" of those that are right."""
    errors: dict[str, str] = defaultdict(str)
    if isinstance(error, InvalidInputError):
        errors[error.field] = error.problem
    elif error is not None:
        errors["site"] = str(error)
    return errors


def _status(error: FootfallError | None) -> int:
    match error:
        case None:
            return 200
        case InvalidInputError():
            return 400
        case _:
            return 409


def _text(form: Form, name: str) -> str:
    return form.get(name, [""])[-1]


def _number(form: Form, name: str) -> int:
    text = _text(form, name).strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise InvalidInputError(name, "must be a whole number, 0 or more")
    return int(text)


def _lead_to(path: str, site: str, **further: str) -> RedirectResponse:
    query = urlencode({"site": site, **further})
    return RedirectResponse(f"{path}?{query}", 303, NO_STORE)
