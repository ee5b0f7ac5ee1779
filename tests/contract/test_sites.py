"""Sites on every client: added, listed, changed, removed, mended."""

from dataclasses import replace
from datetime import date

import pytest

from footfall import (
    AlreadyExistsError,
    IndeterminateError,
    InvalidInputError,
    SiteNotFoundError,
    StoreError,
)
from footfall.counters.port import Store
from footfall.visits.record import record
from footfall.visits.report import ValueTotal, top
from footfall.visits.site import Site
from footfall.visits.sites import (
    Repair,
    add_site,
    change_site,
    interrupted_removal,
    load_sites,
    remove_site,
    repair_site,
    sites_version,
)
from footfall.visits.verify import verify
from footfall.visits.visit import view
from tests.faulty import FaultyClient, after, lost_after, lost_before

URL = "https://a.example/"
NOW_MS = 1_795_608_000_000
DAY = date(2026, 11, 25)


def put_by_hand(store: Store, url: str, visits: dict[str, str] | None) -> None:
    item: dict[str, object] = {"siteUrl": {"S": url}}
    if visits is not None:
        item["visits"] = visits
    store.client.put_item(TableName=store.tables.site_visits, Item=item)


def test_a_site_is_added_with_its_settings(store: Store) -> None:
    """In its one form, with a start number, a zone and its aliases."""
    site = add_site(
        store, "A.example", visits=7, timezone="Europe/Berlin", private=True
    )

    assert site.url == URL
    assert load_sites(store).sites == (site,)
    items = store.client.scan(TableName=store.tables.site_visits)["Items"]
    assert items == [{"siteUrl": {"S": URL}, "visits": {"N": "7"}}]


def test_a_site_is_added_once(store: Store) -> None:
    """Its number is not reset."""
    add_site(store, URL, visits=7)

    with pytest.raises(AlreadyExistsError):
        add_site(store, "a.example")
    assert load_sites(store).named(URL).timezone == "UTC"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"url": "no url"}, "site"),
        ({"timezone": "Mars"}, "timezone"),
        ({"visits": 1.5}, "visits"),
        ({"visits": True}, "visits"),
    ],
)
def test_what_is_not_valid_adds_nothing(
    store: Store, arguments: dict[str, object], field: str
) -> None:
    """The field at fault is named."""
    with pytest.raises(InvalidInputError) as caught:
        add_site(store, **{"url": URL, **arguments})  # type: ignore[arg-type]

    assert caught.value.field == field
    assert load_sites(store).sites == ()


def test_hand_made_sites_are_listed_as_they_are(store: Store) -> None:
    """The recipe's table has no settings."""
    put_by_hand(store, "fernandomc.com", {"N": "3"})

    assert load_sites(store).sites == (Site("fernandomc.com"),)


def test_every_change_moves_the_version(store: Store) -> None:
    """A running server learns of it by one read."""
    versions = [sites_version(store)]
    site = add_site(store, URL)
    versions.append(sites_version(store))
    remove_site(store, site)
    versions.append(sites_version(store))

    assert len(set(versions)) == 3


def test_an_owner_changes_what_is_seen_and_counted(store: Store) -> None:
    """Only what is asked for; running servers learn of it."""
    site = add_site(store, URL, timezone="Europe/Berlin")
    version = sites_version(store)

    published = change_site(store, site, published=True)
    fewer = change_site(store, published, dimensions=("page", "size"))

    assert published == replace(site, published=True)
    assert fewer == replace(site, published=True, dimensions=("page", "size"))
    assert load_sites(store).sites == (fewer,)
    assert sites_version(store) == version + 2


def test_an_owner_sets_limits(store: Store) -> None:
    """Whose pages may send, how much, and how long days are kept; each by itself."""
    site = add_site(store, URL, rate_limit=5, origins=("a.example",))
    changed = change_site(store, site, retention_days=90)
    fewer = change_site(store, changed, origins=(), rate_limit=0)

    assert site.origins == ("https://a.example",)
    assert changed == replace(site, retention_days=90)
    assert (
        load_sites(store).sites
        == (fewer,)
        == (Site(URL, aliases=site.aliases, retention_days=90),)
    )


def test_origins_that_somebody_else_changed_meanwhile_stay(store: Store) -> None:
    """A list is changed as it was read, or not at all."""
    site = add_site(store, URL)
    changed = change_site(store, site, origins=("https://a.example",))

    with pytest.raises(StoreError, match="change it again"):
        change_site(store, site, origins=("https://b.example",))
    assert load_sites(store).sites == (changed,)


def test_a_site_made_by_hand_can_be_changed(store: Store) -> None:
    """It gets settings, and its item stays the recipe's."""
    put_by_hand(store, "a.example", {"N": "5"})

    changed = change_site(store, Site("a.example"), private=True)

    assert load_sites(store).sites == (changed,) == (Site("a.example", private=True),)
    items = store.client.scan(TableName=store.tables.site_visits)["Items"]
    assert items == [{"siteUrl": {"S": "a.example"}, "visits": {"N": "5"}}]


def test_settings_of_an_earlier_version_have_no_public_page(store: Store) -> None:
    """What an older item lacks has its default."""
    site = add_site(store, URL)
    store.client.update_item(
        TableName=store.tables.settings,
        Key={"kind": {"S": "site"}, "name": {"S": URL}},
        UpdateExpression="REMOVE published, origins, rateLimit, retentionDays",
    )

    assert load_sites(store).sites == (site,)
    assert change_site(store, site, private=True).private


def test_a_private_site_has_no_public_page(store: Store) -> None:
    """Whichever was first; both can be turned round at once."""
    site = add_site(store, URL, private=True)

    for private in (None, True):
        with pytest.raises(InvalidInputError, match="one or the other"):
            change_site(store, site, published=True, private=private)
    assert load_sites(store).sites == (site,)
    published = change_site(store, site, private=False, published=True)
    with pytest.raises(InvalidInputError, match="one or the other"):
        # As somebody sees it who read it before.
        change_site(store, site, private=True)

    assert load_sites(store).sites == (published,)
    assert change_site(store, site, private=True, published=False) == site


def test_what_somebody_else_changed_meanwhile_is_not_undone(store: Store) -> None:
    """What both want differs only if it is the same thing."""
    site = add_site(store, URL)
    change_site(store, site, dimensions=("page",))

    with pytest.raises(StoreError, match="change it again"):
        change_site(store, site, dimensions=("size",))
    assert change_site(store, site, published=True).dimensions == ("page",)


def test_a_site_that_is_gone_is_not_changed(store: Store) -> None:
    """Nothing of it comes back."""
    site = add_site(store, URL)
    remove_site(store, site)

    with pytest.raises(SiteNotFoundError):
        change_site(store, site, published=True)
    assert interrupted_removal(store, URL) is None
    add_site(store, URL)


def test_pages_can_be_switched_off_and_on_while_visits_are_counted(
    store: Store,
) -> None:
    """The numbers agree at every moment: what is not counted by page is told."""
    site = add_site(store, URL)
    for turn, dimensions in enumerate([("page",), (), ("page", "size")]):
        site = change_site(store, site, dimensions=dimensions)
        record(store, [view(f"v{turn}-{n}", site, "/", NOW_MS) for n in range(3)])

        assert verify(store, site, NOW_MS).differences == ()

    assert top(store, site, "page", DAY, DAY, limit=9) == [ValueTotal("/", 6)]


def test_removing_takes_all_that_was_counted(store: Store) -> None:
    """And nothing of a site whose address begins alike."""
    site = add_site(store, URL)
    other = add_site(store, "https://a.example/blog/")
    visits = [
        view(f"v{n}", each, f"/{n}", NOW_MS)
        for n in range(130)
        for each in (site, other)
    ]
    record(store, visits)

    remove_site(store, site)

    assert load_sites(store).sites == (other,)
    for table, key in [
        (store.tables.visit_rollups, "siteUrl"),
        (store.tables.visit_receipts, "receipt"),
        (store.tables.settings, "name"),
    ]:
        items = store.client.scan(TableName=table)["Items"]
        keys = {item[key]["S"].split(" ")[0] for item in items}
        assert keys <= {other.url, "version"}
    assert add_site(store, URL) == site
    assert record(store, visits[:1])[0].outcome == "counted"  # type: ignore[union-attr]


def test_a_removal_that_was_interrupted_can_be_run_again(store: Store) -> None:
    """Until then the site can be neither counted nor added."""
    site = add_site(store, URL)
    record(store, [view("v", site, "/", NOW_MS)])
    broken = Store(
        FaultyClient(store.client, batch_write_item=[lost_before]), store.tables
    )
    with pytest.raises(IndeterminateError):
        remove_site(broken, site)

    assert load_sites(store).sites == ()
    with pytest.raises(StoreError, match="remove"):
        add_site(store, URL)
    assert interrupted_removal(store, URL) == site
    remove_site(store, site)
    assert interrupted_removal(store, URL) is None
    assert add_site(store, URL) == site


@pytest.mark.parametrize(
    ("stored", "before", "after_", "changed"),
    [
        ({"S": "0"}, "S '0'", 0, True),
        ({"S": "41"}, "S '41'", 41, True),
        ({"S": " 7 "}, "S ' 7 '", 7, True),
        ({"S": "3.0"}, "S '3.0'", 3, True),
        (None, "missing", 0, True),
        ({"N": "5"}, "N 5", 5, False),
    ],
)
def test_repair_turns_a_string_into_a_number(
    store: Store,
    stored: dict[str, str] | None,
    before: str,
    after_: int,
    changed: bool,
) -> None:
    """The recipe's own listing has it wrong; once, safely."""
    put_by_hand(store, URL, stored)

    assert repair_site(store, Site(URL)) == Repair(URL, before, after_, changed)
    assert repair_site(store, Site(URL)) == Repair(URL, f"N {after_}", after_, False)


@pytest.mark.parametrize("text", ["", "many", "1.5", "inf", "nan", "1e99999"])
def test_what_is_no_whole_number_is_left(store: Store, text: str) -> None:
    """Nobody can know what it should be."""
    put_by_hand(store, URL, {"S": text})

    with pytest.raises(StoreError, match="left as it is"):
        repair_site(store, Site(URL))
    items = store.client.scan(TableName=store.tables.site_visits)["Items"]
    assert items == [{"siteUrl": {"S": URL}, "visits": {"S": text}}]


def test_repair_never_overwrites_a_number_set_meanwhile(store: Store) -> None:
    """The write is conditional on what was read."""
    put_by_hand(store, URL, {"S": "1"})
    client = FaultyClient(
        store.client, update_item=[after(lambda: put_by_hand(store, URL, {"N": "9"}))]
    )

    repaired = repair_site(Store(client, store.tables), Site(URL))

    assert repaired.after == 9


def test_repair_needs_the_site(store: Store) -> None:
    """And tells a lost answer from a refusal."""
    with pytest.raises(SiteNotFoundError):
        repair_site(store, Site(URL))
    put_by_hand(store, URL, {"S": "1"})
    lossy = Store(FaultyClient(store.client, update_item=[lost_after]), store.tables)
    with pytest.raises(IndeterminateError):
        repair_site(lossy, Site(URL))
    lossy = Store(
        FaultyClient(store.client, transact_write_items=[lost_before]), store.tables
    )
    with pytest.raises(IndeterminateError):
        add_site(lossy, URL)
