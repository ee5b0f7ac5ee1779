"""`footfall token`: API tokens, for programs that are not the owner's browser."""

import time
from datetime import UTC, datetime
from typing import Any

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import note, say, table
from footfall.owners.tokens import (
    ALL_SCOPES,
    create_token,
    read_tokens,
    revoke_token,
)
from footfall.visits.sites import load_sites


@click.group()
def token() -> None:
    """Create, list and revoke API tokens."""


@token.command()
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(ALL_SCOPES),
    multiple=True,
    required=True,
    help="What it opens; may be given several times.",
)
@click.option("--label", default="", metavar="TEXT", help="What it is for.")
@click.option(
    "--site", default="", metavar="URL", help="The only site that it reads; of read."
)
@store_options
def create(scopes: tuple[str, ...], label: str, site: str, **settings: Any) -> None:
    """Create a token, and print it: this once, since only its hash is stored.

    read opens statistics, live numbers and metrics; count adds to counters and claims;
    administer does whatever changes something, and the other two.

    \b
    Examples:
      footfall token create --scope read --label prometheus
      footfall token create --scope count --label shop
      footfall token create --scope read --site example.com
    """
    store = open_store(settings, create=True)
    address = load_sites(store).named(site).url if site else ""
    secret, made = create_token(store, scopes, time.time(), label, address)
    say(secret)
    note(
        f"footfall: this is token {made.id}; keep it, it is not shown again, and send it"
        " as Authorization: Bearer"
    )


@token.command("list")
@store_options
def list_(**settings: Any) -> None:
    """List the tokens, without what opens anything.

    \b
    Example:
      footfall token list
    """
    found = sorted(
        read_tokens(open_store(settings, create=False)),
        key=lambda each: (each.created_at, each.id),
    )
    if not found:
        note("no token yet; make one with `footfall token create --scope read`")
    table(
        ("id", "label", "scopes", "site", "created"),
        [
            (
                each.id,
                each.label,
                ", ".join(scope for scope in ALL_SCOPES if scope in each.scopes),
                each.site,
                datetime.fromtimestamp(each.created_at, UTC).strftime("%Y-%m-%d"),
            )
            for each in found
        ],
    )


@token.command()
@click.argument("name", metavar="ID")
@store_options
def revoke(name: str, **settings: Any) -> None:
    """Revoke the token that has this id, or this label: within a second it opens nothing.

    \b
    Example:
      footfall token revoke 3f9c2b7a
    """
    revoked = revoke_token(open_store(settings, create=False), name)
    labelled = f" ({revoked.label})" if revoked.label else ""
    say(f"revoked token {revoked.id}{labelled}")
