"""What a server takes away by itself, when the store is away, and when it is back."""

import asyncio
import logging
from datetime import date

import pytest

from footfall.connect import connect
from footfall.counters.port import Store
from footfall.transfer.day_totals import count_day
from footfall.visits.group import GroupCommit
from footfall.visits.report import total
from footfall.visits.sites import add_site
from footfall.visits.verify import verify
from footfall.web import upkeep
from footfall.web.upkeep import Upkeep
from tests.faulty import FaultyClient, refused
from tests.web.conftest import SITE, wait_until

NOW_MS = 1_795_608_000_000
AWAY = refused("InternalServerError")


def test_a_store_that_is_away_is_asked_again_and_named_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for what may be left, not one at every look."""
    monkeypatch.setattr(upkeep, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(upkeep, "DAYS_SECONDS", 0.0)
    real = connect(":memory:")
    site = add_site(Store(real), SITE, visits=5, retention_days=30)
    add_site(Store(real), "https://none.example/", retention_days=30)
    real.put_item(
        TableName="siteVisits",
        Item={"siteUrl": {"S": "https://none.example/"}, "visits": {"S": "x"}},
    )
    count_day(Store(real), site, date(2019, 5, 1).isoformat(), 120)
    client = FaultyClient(real, query=[AWAY] * 6)
    commit = GroupCommit(Store(client))

    async def run() -> None:
        kept = Upkeep(Store(client), commit)
        kept.start()
        await asyncio.to_thread(
            wait_until, lambda: verify(Store(real), site, NOW_MS).days == 0
        )
        kept.stop()

    with caplog.at_level(logging.WARNING, "footfall.web"):
        asyncio.run(run())
    commit.close()

    said = [record.getMessage() for record in caplog.records]
    assert sorted(each.split(" may be left")[0] for each in said) == [
        "days that are not kept",
        "salts that are over",
    ]
    assert total(Store(real), site) == 125
    real.close()  # type: ignore[attr-defined]
