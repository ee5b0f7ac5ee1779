"""What a server that runs takes away by itself, of a store that nobody visits."""

import subprocess
import time
import urllib.request
from datetime import date, timedelta
from pathlib import Path

from footfall.counters.port import Store
from footfall.embedded import EmbeddedClient
from footfall.visits.sites import load_sites
from footfall.visits.verify import verify
from footfall.web.labels import day_label
from tests.cli.load import SITE, footfall
from tests.conftest import StartFootfall
from tests.processes import FOOTFALL

WAIT_SECONDS = 30
SALT = b"salt of last week!!"


def put_what_is_over(client: EmbeddedClient) -> None:
    """A salt of a day that is over, and a receipt that has expired."""
    client.put_item(
        TableName="footfallSettings",
        Item={
            "kind": {"S": "salt"},
            "name": {"S": "UTC 2026-11-01"},
            "salt": {"B": SALT},
        },
    )
    client.put_item(
        TableName="visitReceipts",
        Item={"receipt": {"S": f"{SITE} old"}, "expiresAt": {"N": "1790000000"}},
    )


def test_a_server_takes_away_what_is_over(
    tmp_path: Path, footfall_process: StartFootfall
) -> None:
    """Salts, out of the log beside the file too; receipts; days that are not kept."""
    path, days = tmp_path / "visits.db", tmp_path / "days.csv"
    footfall(
        "sites", "add", SITE, "--visits", "12", "--retention", "30", "--store", path
    )
    days.write_text("date,visits\n2019-05-01,120\n2019-05-02,7\n")
    footfall("import", days, "--site", SITE, "--store", path)
    with EmbeddedClient(str(path)) as client:
        put_what_is_over(client)
        log = Path(f"{path}-wal")
        # Whoever has the file open keeps the log, and with it what was written.
        assert SALT in log.read_bytes()

        server = footfall_process("serve", "--store", path)

        store = Store(client)
        deadline = time.monotonic() + WAIT_SECONDS
        while SALT in path.read_bytes() + log.read_bytes() or any(
            client.scan(TableName="visitReceipts")["Items"]
        ):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        (site,) = load_sites(store).sites
        found = verify(store, site, time.time_ns() // 1_000_000)

    assert (found.total, found.baseline, found.days) == (139, 139, 0)
    assert found.differences == ()
    kept = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 30 * 86_400))
    with urllib.request.urlopen(f"{server.url}/stats?site={SITE}") as page:
        assert (
            f"Days before {day_label(date.fromisoformat(kept))}" in page.read().decode()
        )
    said = subprocess.run(
        [FOOTFALL, "stats", SITE, "--from", "2019-05-01", "--store", path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stderr.startswith(f"days before {kept} were taken away")


def test_days_are_taken_away_by_hand(tmp_path: Path) -> None:
    """Where no server runs; a site that keeps all is passed over."""
    path, days = tmp_path / "visits.db", tmp_path / "days.csv"
    footfall("sites", "add", SITE, "--retention", "30", "--store", path)
    footfall("sites", "add", "https://b.example", "--store", path)
    many = (date(2020, 1, 1) + timedelta(days=day) for day in range(60))
    days.write_text("date,visits\n" + "".join(f"{day},2\n" for day in many))
    footfall("import", days, "--site", SITE, "--store", path)

    said = footfall("sites", "trim", "--store", path)

    assert said.startswith(f"took 120 visits from the days of {SITE}, which keeps")
    assert "120 visits = 120 before" in footfall("verify", SITE, "--store", path)
    again = footfall("sites", "trim", SITE, "--store", path)
    assert again.startswith("took 0 visits")
