"""A DynamoDB client that costs next to no CPU: one request on a connection kept open.

On Lambda each caller has a core of its own; here a hundred share two with the store,
and boto3's own milliseconds would be all that is measured. It has boto3's method shape,
neither signs nor retries, and raises the engine's exception classes.
"""

import http.client
import json
import threading
from typing import Any
from urllib.parse import urlsplit

from footfall.embedded.exceptions import Exceptions, InternalServerError


class ThinClient:
    """Methods as boto3's, one connection a thread."""

    def __init__(self, url: str) -> None:
        self.exceptions = Exceptions()
        self._address = urlsplit(url).netloc
        self._connections = threading.local()

    def __getattr__(self, name: str) -> Any:
        if name == "batch" or name.startswith("_"):
            raise AttributeError(name)
        operation = "".join(word.capitalize() for word in name.split("_"))
        return lambda **request: self._call(operation, request)

    def _call(self, operation: str, request: Any) -> Any:
        connection = getattr(self._connections, "one", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._address, timeout=30)
            self._connections.one = connection
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
        }
        connection.request("POST", "/", json.dumps(request), headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        if response.status == 200:
            return answer
        code = answer["__type"].rpartition("#")[2]
        kind = getattr(self.exceptions, code, InternalServerError)
        error = kind(answer.get("message") or answer.get("Message", ""))
        error.response["CancellationReasons"] = answer.get("CancellationReasons", [])
        raise error
