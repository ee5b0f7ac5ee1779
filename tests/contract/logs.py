"""Lines of an access log, and their import, for the tests of imports and of exports."""

from collections.abc import Sequence
from datetime import UTC, datetime

from footfall.counters.port import Store
from footfall.transfer.entries import PageViews
from footfall.transfer.importing import Import, Summary
from footfall.visits.site import Site

NOW_MS = 1_795_608_000_000  # 2026-11-25 12:00 UTC
CHROME = "Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.0.0 Safari/537.36"


def line(
    second: int, page: str = "/", host: str = "192.0.2.7", agent: str = CHROME
) -> bytes:
    """A line of a log, some seconds before noon of the day."""
    at = datetime.fromtimestamp(NOW_MS / 1000 - second, UTC)
    time = at.strftime("%d/%b/%Y:%H:%M:%S +0000")
    request = f"GET {page} HTTP/1.1"
    return f'{host} - - [{time}] "{request}" 200 5 "-" "{agent}"'.encode()


def imported(
    store: Store, site: Site, lines: Sequence[bytes], format_: str = "combined"
) -> Summary:
    refused: list[tuple[int, str]] = []
    counted = Import(
        store,
        PageViews(site),
        lambda: NOW_MS,
        lambda number, problem: refused.append((number, problem)),
    )
    counted.count(iter(lines), format_)
    counted.flush()
    summary = counted.summary()
    assert summary.refused == len(refused)
    return summary
