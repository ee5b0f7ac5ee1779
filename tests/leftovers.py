"""What a test leaves on the DynamoDB Local that it shares, taken away."""

from contextlib import suppress
from typing import Any

from footfall.counters.tables import Tables


def delete_tables(client: Any, tables: Tables) -> None:
    """Delete Footfall's tables of this prefix, those of them that are there.

    Others' tables stay: some test may have protected one, or still use it.
    """
    for request in tables.create_requests():
        with suppress(client.exceptions.ResourceNotFoundException):
            client.delete_table(TableName=request["TableName"])
