"""DynamoDB in this process, on one SQLite file: it imports nothing else of Footfall."""

from footfall.embedded.client import EmbeddedClient
from footfall.embedded.disk import StoreFileError

__all__ = ["EmbeddedClient", "StoreFileError"]
