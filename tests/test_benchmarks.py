"""The benchmarks run, small: what they print is made anew for each release."""

import re
from pathlib import Path

import pytest
from botocore.exceptions import ReadTimeoutError

from benchmarks import (
    fixtures,
    importing,
    in_process,
    layers,
    scale,
    start,
    visits,
    writers,
)
from benchmarks.__main__ import main
from benchmarks.journal import Journal, create_journal_tables, slice_of
from benchmarks.load import Load, parse
from benchmarks.tables import median_rows
from footfall.connect import connect
from tests.faulty import FaultyClient, after, lost_after

ROOT = Path(__file__).parent.parent

WRK = """\
Running 1s test @ http://127.0.0.1:1
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.10ms  200.00us   9.00ms   90.00%
  Latency Distribution
     50%    1.00ms
     99%    {p99}
  1234 requests in 1.00s, 1.00MB read
{errors}Requests/sec:   1234.56
"""


@pytest.mark.parametrize(
    ("p99", "errors", "expected"),
    [
        ("2.50ms", "", Load(1234, 1234.56, 2.5, 0)),
        ("250.00us", "", Load(1234, 1234.56, 0.25, 0)),
        (
            "1.50s",
            "  Socket errors: connect 1, read 2, write 3, timeout 4\n"
            "  Non-2xx or 3xx responses: 5\n",
            Load(1234, 1234.56, 1500.0, 15),
        ),
    ],
)
def test_what_wrk_prints_is_read(p99: str, errors: str, expected: Load) -> None:
    """An error that is overlooked would pass for speed."""
    assert parse(WRK.format(p99=p99, errors=errors)) == expected


def test_a_ratio_is_the_median_of_the_runs_own() -> None:
    """A machine's speed drifts between runs, so each is compared with its own."""
    figures = {
        "empty": [{"x": 100.0}, {"x": 200.0}, {"x": 400.0}],
        "ours": [{"x": 50.0}, {"x": 80.0}, {"x": 200.0}],
    }

    assert median_rows(figures, ratio_of="x", reference="empty").splitlines()[-1] == (
        "| ours | 80.00 | 0.50 |"
    )
    inverse = median_rows(figures, ratio_of="x", reference="empty", inverse=True)
    assert inverse.splitlines()[-1] == "| ours | 80.00 | 2.00 |"


def test_visits_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the empty route; the benchmark itself checks that all were counted."""
    monkeypatch.setattr(visits, "CONNECTIONS", (8,))
    table = visits.measure(runs=1, seconds=1)

    assert re.search(r"\| visits, 8 connections \| .* \| \d\.\d\d \|$", table, re.M)


def test_layers_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with the CPU time of the server's threads."""
    monkeypatch.setattr(layers, "LAYERS", layers.LAYERS[1:3])
    table = layers.measure(runs=1, seconds=1)

    assert re.search(r"\| grouped \|( [\d.,]+ \|){4} [\d.]+ \|$", table)


def test_writers_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmark itself checks that each visit is counted once, and agrees."""
    monkeypatch.setattr(writers, "SERVERS", (1, 2))
    monkeypatch.setattr(writers, "CALLERS", 20)
    monkeypatch.setattr(writers, "VISITS_PER_SECOND", 200)
    table = writers.measure(runs=1, seconds=2)

    rows = {
        cells[1].strip(): dict(zip(columns, map(float, cells[2:-1]), strict=True))
        for columns in [["p50", "p99", "cancelled", "units", "ratio"]]
        for line in table.replace(",", "").splitlines()[2:]
        for cells in [line.split("|")]
    }
    assert len(rows) == 5
    # What a transaction costs follows from what is in it, not from the machine.
    assert rows["20 one-visit callers totals only"]["units"] >= 6
    assert rows["1 server totals only"]["cancelled"] == 0
    assert rows["1 server totals only"]["units"] < 3
    assert 3 < rows["1 server all breakdowns"]["units"] < 7


def test_an_import_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the reading of the same lines."""
    monkeypatch.setattr(importing, "LINES", 2_000)
    table = importing.measure(runs=1)

    assert "| read and split |" in table
    assert re.search(r"\| import again \| .* \|$", table)


def test_a_start_is_measured() -> None:
    """Beside DynamoDB Local's."""
    table = start.measure(runs=1)

    assert table.count("\n") == 4
    assert "DynamoDB Local, on disk" in table


def test_the_plans_are_those_of_the_documentation() -> None:
    """The simulation itself checks that each visit is counted once, and the units."""
    page = (ROOT / "docs" / "explanation" / "scale.md").read_text()
    table, _, said = scale.measure(seconds=3).partition("\n\n")

    assert table in page
    assert "3,000 visits made, 3,909 sent, 3,000 counted" in said
    assert "3,000 visits made, 3,909 sent, 3,000" in " ".join(page.split())


def test_the_journal_is_folded_once_whoever_folds() -> None:
    """Two folds meet, and the answer to one is lost."""
    client = connect(":memory:")
    create_journal_tables(client)
    own = Journal(client)
    visits = [(7, bytes([number]) * 16) for number in range(20)]
    slices = {slice_of(*visit) for visit in visits}
    own.write(visits)

    def everything(journal: Journal) -> None:
        for name in sorted(slices):
            journal.fold(name)

    faults = [after(lambda: everything(own)), lost_after]
    other = Journal(FaultyClient(client, transact_write_items=faults))
    everything(other)
    own.write([*visits[:5], (7, visits[0][1][:15] + b"!")])  # copies, and a new one
    slices.add(slice_of(7, visits[0][1][:15] + b"!"))
    with pytest.raises(ReadTimeoutError):
        everything(other)
    everything(own)

    assert own.total() == 21
    client.close()  # type: ignore[attr-defined]


def test_updates_in_process_are_measured() -> None:
    """The benchmark counts by the item itself; a full store is one of more items."""
    table = in_process.measure(runs=1, seconds=0.1)
    full = in_process.measure_full(runs=1, seconds=0.1, items=1_000)

    assert "| 32 threads, one call each |" in table
    assert full.count("| 1,000 items |") == 2


def test_a_fixture_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixtures, "TESTS", 10)

    assert "| dynamodb_endpoint |" in fixtures.measure(runs=1)


def test_a_name_must_be_known(capsys: pytest.CaptureFixture[str]) -> None:
    """And the others are told."""
    with pytest.raises(SystemExit):
        main(["moon"])
    assert "visits, layers, operations, in_process" in capsys.readouterr().err
