"""Sites over HTTP: listed, added, changed, removed; what `footfall sites` does.

A site's address is a URL, which no path segment holds well, so one site is named in the
query: `/v1/sites?site=`.
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall.counters.port import Store
from footfall.errors import InvalidInputError, NotANumberError
from footfall.owners.tokens import READ
from footfall.visits.report import total
from footfall.visits.site import DIMENSIONS, Site
from footfall.visits.sites import (
    add_site,
    change_site,
    load_sites,
    remove_site,
    site_to_remove,
)
from footfall.web.access import check_owner, check_reader, check_scope
from footfall.web.answers import in_thread, json_answer, query_of
from footfall.web.bodies import decode, json_body
from footfall.web.directory import SiteDirectory


class SiteAnswer(msgspec.Struct):
    """A site, as it is told.

    Attributes:
        visits: Its number; None where what stands there is no number.
    """

    site: str
    visits: int | None
    timezone: str
    private: bool
    published: bool
    aliases: tuple[str, ...]
    dimensions: tuple[str, ...]
    origins: tuple[str, ...]
    rate_limit: int
    retention_days: int


class SitesAnswer(msgspec.Struct):
    """All sites, or the one that was named."""

    sites: list[SiteAnswer]


class SiteAdded(msgspec.Struct, forbid_unknown_fields=True):
    """A site to add."""

    site: str
    visits: int = 0
    timezone: str = "UTC"
    private: bool = False
    dimensions: list[str] | None = None
    origins: list[str] = []
    rate_limit: int = 0
    retention_days: int = 0


class SiteChanged(msgspec.Struct, forbid_unknown_fields=True):
    """What to change of a site; what is not there stays."""

    private: bool | msgspec.UnsetType = msgspec.UNSET
    published: bool | msgspec.UnsetType = msgspec.UNSET
    dimensions: list[str] | msgspec.UnsetType = msgspec.UNSET
    origins: list[str] | msgspec.UnsetType = msgspec.UNSET
    rate_limit: int | msgspec.UnsetType = msgspec.UNSET
    retention_days: int | msgspec.UnsetType = msgspec.UNSET


_added = msgspec.json.Decoder(SiteAdded)
_changed = msgspec.json.Decoder(SiteChanged)


class Sites:
    """The route of sites."""

    def __init__(self, store: Store, directory: SiteDirectory) -> None:
        self._store = store
        self._directory = directory

    async def get(self, request: Request) -> Response:
        """All sites, or the one that the query names."""
        name = query_of(request, "site").get("site")
        sites = self._directory.sites
        if name is None:
            check_scope(request, READ)
            found = sites.sites
        else:
            found = (check_reader(request, sites, name)[0],)
        told = await in_thread(_told_all, self._store, found)
        return json_answer(SitesAnswer(told))

    async def post(self, request: Request) -> Response:
        """Add a site; its pages count from now on."""
        check_owner(request)
        query_of(request)
        wanted = decode(_added, await json_body(request))
        told = await in_thread(_add, self._store, wanted)
        await self._directory.refresh()
        return json_answer(told, 201)

    async def patch(self, request: Request) -> Response:
        """Change what is given of a site, and nothing else."""
        check_owner(request)
        name = _name(request)
        wanted = decode(_changed, await json_body(request))
        told = await in_thread(_change, self._store, name, wanted)
        await self._directory.refresh()
        return json_answer(told)

    async def delete(self, request: Request) -> Response:
        """Remove a site and all that was counted for it; one cut short is finished."""
        check_owner(request)
        await in_thread(_remove, self._store, _name(request))
        await self._directory.refresh()
        return Response(status_code=204)


def _add(store: Store, wanted: SiteAdded) -> SiteAnswer:
    site = add_site(
        store,
        wanted.site,
        visits=wanted.visits,
        timezone=wanted.timezone,
        private=wanted.private,
        dimensions=DIMENSIONS
        if wanted.dimensions is None
        else _in_order(wanted.dimensions),
        origins=tuple(wanted.origins),
        rate_limit=wanted.rate_limit,
        retention_days=wanted.retention_days,
    )
    return _told(store, site)


def _change(store: Store, name: str, wanted: SiteChanged) -> SiteAnswer:
    asked: dict[str, Any] = {
        field: tuple(new) if isinstance(new, list) else new
        for field, new in msgspec.structs.asdict(wanted).items()
        if new is not msgspec.UNSET
    }
    if not asked:
        fields = ", ".join(SiteChanged.__struct_fields__)
        raise InvalidInputError("body", f"says nothing to change: give {fields}")
    if "dimensions" in asked:
        asked["dimensions"] = _in_order(asked["dimensions"])
    site = load_sites(store).named(name)
    return _told(store, change_site(store, site, **asked))


def _remove(store: Store, name: str) -> None:
    remove_site(store, site_to_remove(store, name))


def _told_all(store: Store, sites: tuple[Site, ...]) -> list[SiteAnswer]:
    return [_told(store, site) for site in sites]


def _told(store: Store, site: Site) -> SiteAnswer:
    try:
        visits = total(store, site)
    except NotANumberError:
        visits = None
    return SiteAnswer(
        site.url,
        visits,
        site.timezone,
        site.private,
        site.published,
        site.aliases,
        site.dimensions,
        site.origins,
        site.rate_limit,
        site.retention_days,
    )


def _in_order(dimensions: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    unknown = [each for each in dimensions if each not in DIMENSIONS]
    if unknown:
        raise InvalidInputError(
            "dimensions", f"{unknown[0]!r} is none: use {', '.join(DIMENSIONS)}"
        )
    return tuple(each for each in DIMENSIONS if each in dimensions)


def _name(request: Request) -> str:
    name = query_of(request, "site").get("site")
    if not name:
        raise InvalidInputError("site", "must name the site: /v1/sites?site=")
    return name
