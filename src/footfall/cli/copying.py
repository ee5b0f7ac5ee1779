"""`footfall copy`: a store moved into another, in passes."""

import os
import time
import uuid

import click

from footfall.cli.agreement import sites_and_agreement
from footfall.cli.options import open_store, prefix_option
from footfall.cli.output import note, say
from footfall.cli.progress import Progress
from footfall.connect import DYNAMODB, missing_tables
from footfall.counters.port import Store
from footfall.errors import StoreError
from footfall.transfer.copying import (
    Pass,
    begin_copy,
    copy_pass,
    count_items,
    finish_copy,
    require_equal,
)


@click.command(short_help="Copy a store into another: file to DynamoDB and back.")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option(
    "--finish",
    is_flag=True,
    help="The old store is stopped: copy what is left, compare, and verify.",
)
@prefix_option
def copy(source: str, target: str, finish: bool, table_prefix: str | None) -> int:
    """Copy the store FROM into TO, everything, receipts too.

    It may run while FROM counts, and again after it was interrupted. Then stop the
    servers of FROM, finish, and serve TO.

    \b
    Examples:
      footfall copy visits.db dynamodb:
      footfall copy visits.db dynamodb: --finish
    """
    if not source.startswith(DYNAMODB) and not os.path.exists(source):
        raise StoreError(
            f"there is no store {source!r} to copy; FROM is the store that has the"
            f" visits, TO the new one"
        )
    old = open_store({"store": source, "table_prefix": table_prefix}, create=False)
    new = open_store({"store": target, "table_prefix": table_prefix}, create=True)
    for store, location in ((old, source), (new, target)):
        _require_tables(store, location)
    begin_copy(old, new, str(uuid.uuid4()))
    done = _shown(old, new)
    say(f"copied {done.items} items: {done.written} written, {done.deleted} deleted")
    if not finish:
        note(
            "to end the copy, stop the servers of the old store, and run it again with"
            " --finish"
        )
        return 0
    require_equal(_shown(old, new))
    _, agreed = sites_and_agreement(new)
    finish_copy(new)
    say(f"every item of {target} is equal to that of {source}; serve it now")
    return 0 if agreed else 1


def _shown(old: Store, new: Store) -> Pass:
    with Progress(count_items(old), "items") as progress:
        return copy_pass(old, new, time.time, progress.add)


def _require_tables(store: Store, location: str) -> None:
    if location.startswith(DYNAMODB) and (missing := missing_tables(store)):
        raise StoreError(
            f"{location} has no {', '.join(missing)}; run `footfall tables create"
            f" --store {location}`"
        )
