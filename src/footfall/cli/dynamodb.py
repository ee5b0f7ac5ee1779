"""`footfall dynamodb`: the embedded engine as a server that any AWS SDK can use."""

import click

from footfall.cli.address import base_url, require_loopback
from footfall.cli.output import say
from footfall.cli.values import port_number
from footfall.errors import StoreError
from footfall.web.server import serve

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
    help="The loopback address to listen on.",
)
@click.option(
    "--port",
    type=port_number,
    default="8000",
    show_default=True,
    metavar="PORT",
    help="0 takes a free one.",
)
def dynamodb(data: str, host: str, port: int) -> None:
    """Serve an embedded DynamoDB on its own HTTP protocol, durable in one file.

    It prints four variables to set; then boto3, or any AWS SDK, talks to it.

    \b
    Example:
      footfall dynamodb --data dynamo.db --port 8000
    """
    from footfall.embedded import EmbeddedClient, StoreFileError
    from footfall.embedded.server import create_app

    require_loopback(host, "and requests are not authenticated; use 127.0.0.1")
    try:
        client = EmbeddedClient(data)
    except StoreFileError as error:
        raise StoreError(str(error)) from error
    with client:
        serve(
            lambda _: create_app(client),
            host=host,
            port=port,
            on_started=lambda port: _tell(host, port),
        )


def _tell(host: str, port: int) -> None:
    here = base_url(host, port)
    say(f"# DynamoDB answers on {here}; set these, then run your script:")
    say(f"export AWS_ENDPOINT_URL_DYNAMODB={here}")
    say("export AWS_DEFAULT_REGION=us-east-1")
    say("export AWS_ACCESS_KEY_ID=local")
    say("export AWS_SECRET_ACCESS_KEY=local")
