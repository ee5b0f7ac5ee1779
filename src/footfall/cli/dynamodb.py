"""`footfall dynamodb`: the embedded engine as a server that any AWS SDK can use."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from footfall.cli.address import base_url, require_loopback
from footfall.cli.keys import SECRET_VARIABLE, access_keys
from footfall.cli.output import note, say
from footfall.cli.values import port_number
from footfall.errors import InvalidInputError, StoreError
from footfall.web.server import serve

if TYPE_CHECKING:
    from footfall.embedded import EmbeddedClient

DEFAULT_DATA = "footfall-dynamodb.db"


@click.command(short_help="Serve an embedded DynamoDB for any AWS SDK.")
@click.option(
    "--data",
    default=DEFAULT_DATA,
    show_default=True,
    metavar="FILE",
    help="The SQLite file, made if it is missing; :memory: keeps nothing.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="HOST",
    help="The address to listen on; beyond this machine with a key alone.",
)
@click.option(
    "--port",
    type=port_number,
    default="8000",
    show_default=True,
    metavar="PORT",
    help="0 takes a free one.",
)
@click.option(
    "--access-key-id",
    default="",
    envvar="FOOTFALL_ACCESS_KEY_ID",
    show_envvar=True,
    metavar="ID",
    help="Requests must be signed by this key; its secret is in"
    f" {SECRET_VARIABLE}, or in a file.",
)
@click.option(
    "--secret-key-file",
    default="",
    envvar="FOOTFALL_SECRET_KEY_FILE",
    show_envvar=True,
    metavar="FILE",
    help="A file whose line is the secret key.",
)
@click.option(
    "--seed",
    default="",
    metavar="FILE",
    help="Tables and items to begin with, as JSON; tables that are there stay.",
)
@click.option(
    "--verbose", is_flag=True, help="Log each request in a line on standard error."
)
def dynamodb(
    data: str,
    host: str,
    port: int,
    access_key_id: str,
    secret_key_file: str,
    seed: str,
    verbose: bool,
) -> None:
    """Serve an embedded DynamoDB on its own HTTP protocol, durable in one file.

    It prints four variables to set; then boto3, or any AWS SDK, talks to it.

    \b
    Examples:
      footfall dynamodb --data dynamo.db --port 8000
      footfall dynamodb --host 0.0.0.0 --access-key-id app --secret-key-file key.txt
    """
    from footfall.embedded import EmbeddedClient, StoreFileError
    from footfall.embedded.server import create_app

    keys = access_keys(access_key_id, secret_key_file)
    if not keys:
        require_loopback(
            host,
            "and requests need not be signed; use 127.0.0.1, or give --access-key-id and"
            f" {SECRET_VARIABLE}",
        )
    try:
        client = EmbeddedClient(data)
    except StoreFileError as error:
        raise StoreError(str(error)) from error
    with client:
        if seed:
            _load(client, seed)
        serve(
            lambda _: create_app(
                client,
                keys=keys,
                on_answer=(lambda seen: note(seen.line())) if verbose else None,
            ),
            host=host,
            port=port,
            on_started=lambda port: _tell(host, port, keys),
        )


def _load(client: "EmbeddedClient", path: str) -> None:
    from footfall.embedded.seed import SeedError, load_seed

    try:
        seeded = load_seed(client, Path(path).read_bytes())
    except OSError as error:
        why = f"{path} cannot be read: {error.strerror}"
        raise InvalidInputError("seed", why) from error
    except SeedError as error:
        why = f"{path}: {error}; nothing of it is loaded"
        raise InvalidInputError("seed", why) from error
    except client.exceptions.ClientError as error:
        raise StoreError(f"{path} cannot be loaded: {error}") from error
    for each in seeded:
        if each.items is None:
            say(f"# {each.table} was there and stays as it is")
        else:
            say(f"# {each.table} is made, with items: {each.items:,}")


def _tell(host: str, port: int, keys: dict[str, str]) -> None:
    here = base_url(host, port)
    say(f"# DynamoDB answers on {here}; set these, then run your script:")
    say(f"export AWS_ENDPOINT_URL_DYNAMODB={here}")
    say("export AWS_DEFAULT_REGION=us-east-1")
    for id in keys or ("local",):
        say(f"export AWS_ACCESS_KEY_ID={id}")
    if keys:
        say("# and AWS_SECRET_ACCESS_KEY, the secret that this was started with")
    else:
        say("export AWS_SECRET_ACCESS_KEY=local")
