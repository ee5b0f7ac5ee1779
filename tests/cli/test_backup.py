"""A store backed up while a server counts, and restored: nothing acknowledged is lost."""

import asyncio
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from footfall.embedded import EmbeddedClient
from tests.cli.load import SITE, Load, footfall
from tests.conftest import StartFootfall
from tests.processes import FOOTFALL

KILLS = 6


def refused(*arguments: str | Path) -> str:
    """What a command that must fail says, in one line."""
    done = subprocess.run(
        [FOOTFALL, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode in (1, 2), done.stdout
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture
def counted(tmp_path: Path) -> Path:
    """A store with a visit."""
    path = tmp_path / "visits.db"
    footfall("sites", "add", SITE, "--visits", "12", "--store", path)
    footfall("hit", f"{SITE}page", "--id", "visit-1", "--store", path)
    return path


def test_a_backup_under_load_holds_what_was_acknowledged(
    tmp_path: Path, counted: Path, footfall_process: StartFootfall
) -> None:
    """Each backup is whole, agrees with itself, and knows the ids that it counted."""
    load = Load(footfall_process("serve", "--store", counted))
    backups: list[tuple[Path, set[str]]] = []

    async def back_up_under_load() -> None:
        running = asyncio.create_task(load.run())
        for number in range(4):
            await load.more()
            path, before = tmp_path / f"backup-{number}.db", set(load.ids)
            await asyncio.to_thread(footfall, "backup", path, "--store", counted)
            backups.append((path, before))
        load.stop()
        await running

    asyncio.run(back_up_under_load())

    for path, acknowledged in backups:
        restored = path.with_suffix(".restored")
        said = footfall("restore", path, "--store", restored)
        assert said == f"restored {restored} with 1 sites from {path}\n"
        assert "agrees" in footfall("verify", "--store", restored)
        with EmbeddedClient(str(restored)) as client:
            pages = [client.scan(TableName="visitReceipts")]
            while "LastEvaluatedKey" in pages[-1]:
                start = pages[-1]["LastEvaluatedKey"]
                pages.append(
                    client.scan(TableName="visitReceipts", ExclusiveStartKey=start)
                )
        receipts = {item["receipt"]["S"] for page in pages for item in page["Items"]}
        assert {f"{SITE} {id}" for id in acknowledged} <= receipts
    assert backups[-1][1] > backups[0][1]
    again = footfall("hit", SITE, "--id", "visit-1", "--store", restored)
    assert again.startswith("duplicate")


def test_a_backup_that_was_killed_leaves_no_half_a_store(
    tmp_path: Path, counted: Path
) -> None:
    """There is the whole backup, or none; the next one is not in its own way."""
    target = tmp_path / "backup.db"
    for _ in range(KILLS):
        process = subprocess.Popen(
            [FOOTFALL, "backup", target, "--store", counted],
            stdout=subprocess.DEVNULL,
        )
        time.sleep(random.uniform(0.1, 0.8))
        process.kill()
        process.wait()
        if target.exists():
            assert "agrees" in footfall("verify", "--store", target)
            target.unlink()
    (tmp_path / "backup.db.partial").write_bytes(b"half")

    footfall("backup", target, "--store", counted)

    assert "agrees" in footfall("verify", "--store", target)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "backup.db",
        "visits.db",
    ]


@pytest.fixture
def large(counted: Path) -> Path:
    """The store, with so much in it that a copy takes a while."""
    with EmbeddedClient(str(counted)) as client:
        for number in range(100):
            item = {"name": {"S": f"c{number}"}, "value": {"B": bytes(300_000)}}
            client.put_item(TableName="counters", Item=item)
    return counted


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_copy_that_is_ended_half_way_is_not_there(
    tmp_path: Path, large: Path, command: str, number: signal.Signals
) -> None:
    """Neither under its name, nor, unless nobody could take it away, under another."""
    target, partial = tmp_path / "new.db", tmp_path / "new.db.partial"
    source, store = (target, large) if command == "backup" else (large, target)
    arguments: list[str | Path] = [command, source, "--store", store]
    process = subprocess.Popen([FOOTFALL, *arguments], stderr=subprocess.PIPE)
    while not partial.exists() and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)

    assert process.returncode != 0, "it was to be ended half-way"
    assert not target.exists()
    if number is signal.SIGTERM:
        assert not partial.exists()
        assert b"interrupted" in said
    footfall(*arguments)
    assert "agrees" in footfall("verify", "--store", target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.db", "visits.db"]


def test_nothing_is_overwritten(tmp_path: Path, counted: Path) -> None:
    """Neither a store nor what SQLite left of one: it would be applied to the copy."""
    backup, other = tmp_path / "backup.db", tmp_path / "other.db"
    footfall("backup", backup, "--store", counted)

    again = refused("backup", backup, "--store", counted)
    assert "exists already" in again
    assert "name another file" in again
    assert "move it away" in refused("restore", backup, "--store", counted)
    missing = refused("restore", tmp_path / "missing", "--store", counted)
    assert "there is no backup" in missing
    (tmp_path / "other.db-wal").touch()
    assert "other.db-wal" in refused("restore", backup, "--store", other)
    assert not other.exists()


def test_what_is_no_store_is_neither_backed_up_nor_restored(
    tmp_path: Path, counted: Path
) -> None:
    text, empty, target = tmp_path / "text", tmp_path / "empty", tmp_path / "new.db"
    text.write_text("not a database, but long enough to be read as one " * 20)
    empty.touch()

    assert "point-in-time" in refused("backup", target, "--store", "dynamodb:")
    assert "is no file" in refused("restore", text, "--store", ":memory:")
    assert "no store" in refused("backup", target, "--store", tmp_path / "missing.db")
    assert "is empty" in refused("restore", empty, "--store", target)
    assert "not a database" in refused("restore", text, "--store", target)
    nowhere = tmp_path / "missing" / "backup.db"
    assert "folder" in refused("backup", nowhere, "--store", counted)
    assert not target.exists()
    assert empty.stat().st_size == 0


def test_a_backup_of_numbers_that_differ_is_made_and_said(
    tmp_path: Path, counted: Path
) -> None:
    """Status 1, and what differs on standard error."""
    with EmbeddedClient(str(counted)) as client:
        client.update_item(
            TableName="siteVisits",
            Key={"siteUrl": {"S": SITE}},
            UpdateExpression="SET visits = visits + :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
    target = tmp_path / "backup.db"

    assert f"{SITE} differs: visits is 14" in refused(
        "backup", target, "--store", counted
    )
    assert target.exists()


def test_a_file_of_the_engine_alone_is_backed_up(tmp_path: Path) -> None:
    """Its tables are somebody's own."""
    path, target = tmp_path / "own.db", tmp_path / "backup.db"
    with EmbeddedClient(str(path)) as client:
        client.create_table(
            TableName="own",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    footfall("backup", target, "--store", path)

    with EmbeddedClient(str(target)) as client:
        assert client.list_tables()["TableNames"] == ["own"]
