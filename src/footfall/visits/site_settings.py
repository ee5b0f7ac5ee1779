"""A site's settings as an item of `footfallSettings`, and a change of some of them. Pure.

An item of an earlier version lacks what came later; it is read with the defaults, and
the next change writes it whole.
"""

from dataclasses import fields
from typing import Any

from footfall.counters.port import Item
from footfall.counters.tables import (
    ALIASES,
    BROKEN_DOWN_BY,
    KIND,
    NAME,
    ORIGINS,
    PRIVATE,
    PUBLISHED,
    RATE_LIMIT,
    RETENTION_DAYS,
    TIMEZONE,
    Request,
)
from footfall.visits.site import Site

SITE_KIND = "site"


def setting_key(url: str) -> Item:
    """The key of a site's settings."""
    return {KIND: {"S": SITE_KIND}, NAME: {"S": url}}


def site_of(url: str, setting: Item | None) -> Site:
    """The site that an item describes; with the defaults where there is none."""
    if setting is None:
        return Site(url)
    return Site(
        url,
        setting[TIMEZONE]["S"],
        setting[PRIVATE]["BOOL"],
        _strings(setting[ALIASES]),
        _strings(setting[BROKEN_DOWN_BY]),
        setting.get(PUBLISHED, {"BOOL": False})["BOOL"],
        _strings(setting.get(ORIGINS, {"L": []})),
        int(setting.get(RATE_LIMIT, {"N": "0"})["N"]),
        int(setting.get(RETENTION_DAYS, {"N": "0"})["N"]),
    )


def site_item(site: Site) -> Item:
    """The item that describes a site."""
    return setting_key(site.url) | {
        _ATTRIBUTES[field.name]: _value(getattr(site, field.name))
        for field in fields(site)
        if field.name in _ATTRIBUTES
    }


def change_request(table: str, site: Site, changes: dict[str, Any]) -> Request:
    """The Update that changes a site, if it may be with what is there.

    It sets what is asked for alone, and what is not there yet: a site of a table made
    by hand has no settings.

    Args:
        table: The table of settings.
        site: The site as it was read.
        changes: Field of `Site` -> its new value.
    """
    item = site_item(site)
    key = {KIND: item.pop(KIND), NAME: item.pop(NAME)}
    wanted = {_ATTRIBUTES[field]: _value(new) for field, new in changes.items()}
    sets = [
        f"#{name} = :{name}"
        if name in wanted
        else f"#{name} = if_not_exists(#{name}, :{name})"
        for name in item
    ]
    values = {f":{name}": wanted.get(name, stored) for name, stored in item.items()}
    conditions = []
    for name, other in ((PRIVATE, PUBLISHED), (PUBLISHED, PRIVATE)):
        if wanted.get(name) == {"BOOL": True} and other not in wanted:
            conditions.append(f"NOT #{other} = :true")
            values[":true"] = {"BOOL": True}
    for name in (BROKEN_DOWN_BY, ORIGINS):  # lists, of which an owner changes a part
        if name in wanted:
            absent = f"attribute_not_exists(#{name})"
            conditions.append(f"({absent} OR #{name} = :before_{name})")
            values[f":before_{name}"] = item[name]
    update: Request = {
        "TableName": table,
        "Key": key,
        "UpdateExpression": "SET " + ", ".join(sets),
        "ExpressionAttributeNames": {f"#{name}": name for name in item},
        "ExpressionAttributeValues": values,
    }
    if conditions:
        update["ConditionExpression"] = " AND ".join(conditions)
    return {"Update": update}


# Field of `Site` -> attribute of its item.
_ATTRIBUTES = {
    "timezone": TIMEZONE,
    "private": PRIVATE,
    "aliases": ALIASES,
    "dimensions": BROKEN_DOWN_BY,
    "published": PUBLISHED,
    "origins": ORIGINS,
    "rate_limit": RATE_LIMIT,
    "retention_days": RETENTION_DAYS,
}


def _value(value: str | bool | int | tuple[str, ...]) -> dict[str, Any]:
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case _:
            return {"L": [{"S": each} for each in value]}


def _strings(value: dict[str, Any]) -> tuple[str, ...]:
    return tuple(each["S"] for each in value["L"])
